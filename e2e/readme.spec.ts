import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from './test.js';

// The page of the README's first example, which the package has with its guest and its model.

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

test('the example page classifies its picture', async ({ page, site }) => {
  await page.goto(`${site.origin}/lib/examples/index.html`);
  await expect(page.locator('output')).toHaveText(/^This is a 7, with a probability of (0\.9\d|1\.00)\.$/);
});

test('the README shows the example page', () => {
  const [, shown = ''] = /^```html\n<!-- examples\/index\.html -->\n([\s\S]*?)^```$/m.exec(read('README.md')) ?? [];
  const page = linesOf(read('examples/index.html'));
  expect(linesOf(shown).length).toBeGreaterThan(20);
  expect(page.join('\n')).toContain(linesOf(shown).join('\n'));
});

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
