import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isolationHeaders } from '../vite.config.js';
import { filesOf } from './readme-blocks.js';
import { expect, test } from './test.js';

// The pages of the README that the package has, with their guests and their model.

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

test('the example pages classify their picture', async ({ page, site }) => {
  await page.goto(`${site.origin}/lib/examples/index.html`);
  await expect(page.locator('output')).toHaveText(/^This is a 7, with a probability of (0\.9\d|1\.00)\.$/);
  await page.goto(`${site.origin}/lib/examples/program.html`);
  await expect(page.locator('pre')).toHaveText(/1\.\) \[7\]/);
});

for (const section of ['With a script tag', 'With a `.wasm` from Wasmtime, WasmEdge or WAMR']) {
  test(`the README shows the example page: ${section}`, () => {
    const [[file, shown] = ['', '']] = filesOf(section);
    expect(linesOf(shown).length).toBeGreaterThan(10);
    expect(linesOf(read(file)).join('\n')).toContain(linesOf(shown).join('\n'));
  });
}

test('the README shows the headers that isolate the pages of the tests', () => {
  const headers = Object.entries(isolationHeaders).map(([name, value]) => `${name}: ${value}\n`);
  expect(read('README.md')).toContain(`\`\`\`\n${headers.join('')}\`\`\`\n`);
});

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
