import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import type { Site } from './site.js';
import { expect, test } from './test.js';

// The guests of docs/writing-guests.md: what the page says is written to files, built, and run. Building takes tools and the
// network, so the tests are long.

const root = path.resolve(import.meta.dirname, '..');
const text = readFileSync(path.join(root, 'docs/writing-guests.md'), 'utf8');

/** Each section's guest: what builds it, where its other files are, and which file comes of it. */
const guests = [
  { title: 'A program in Rust', tool: 'cargo', others: [], file: 'digit.wasm' },
  { title: 'A component in Rust', tool: 'cargo', others: [], file: 'digit.component.wasm' },
  {
    title: 'A component in JavaScript',
    tool: 'npm',
    install: '@bytecodealliance/componentize-js@0.23',
    others: ['A component in Rust'],
    file: 'digit.component.wasm',
  },
  { title: 'A core module in C', tool: 'clang', others: [], file: 'digit.wasm' },
  { title: 'A core module in AssemblyScript', tool: 'npm', others: ['A core module in C'], file: 'digit.wasm' },
] as const;

/** What shows that a tool is there, and reaches what it downloads from. */
const checks = {
  cargo: ['info', 'wasi-nn'],
  npm: ['view', 'assemblyscript', 'version'],
  clang: ['--version'],
} as const;

for (const { title, tool, others, file, ...more } of guests) {
  test(`${title} says which digit a picture shows`, { tag: '@tools' }, async ({ page, site }, testInfo) => {
    test.skip(spawnSync(tool, checks[tool]).status !== 0, `${tool} is not installed, or reaches no registry`);
    // A toolchain may first have to be downloaded.
    test.setTimeout(600_000);
    const folder = testInfo.outputPath('guest');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    if ('install' in more) execute(folder, `npm install --no-audit --no-fund ${more.install}`);
    // What a guest needs of the installed package.
    mkdirSync(path.join(folder, 'node_modules/wasi-nn-web'), { recursive: true });
    symlinkSync(path.join(root, 'wit'), path.join(folder, 'node_modules/wasi-nn-web/wit'));
    const files = new Map([...others.flatMap((other) => filesOf(other)), ...filesOf(title)]);
    for (const [name, content] of files) writeIn(folder, name, content);

    execute(folder, commandsOf(title));

    serve(site, path.join(folder, file), `/${file}`);
    serve(site, path.join(folder, 'run.js'), '/run.js');
    expect(await outputOf(page, site)).toBe('1');
  });
}

function sectionOf(title: string): string {
  const [, section] = text.split(`\n## ${title}\n`);
  if (section === undefined) throw new Error(`docs/writing-guests.md has no section "${title}"`);
  return section.split('\n## ')[0] ?? '';
}

/** The files of a section, each of which has its name above it. */
function filesOf(title: string): [name: string, content: string][] {
  const blocks = sectionOf(title).matchAll(/^\*\*`([^`]+)`\*\*\n\n```\w+\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, name = '', content = '']) => [name, content]);
}

function commandsOf(title: string): string {
  const [, commands] = /^```sh\n([\s\S]*?)^```$/m.exec(sectionOf(title)) ?? [];
  if (commands === undefined) throw new Error(`docs/writing-guests.md has no commands in "${title}"`);
  return commands;
}

function writeIn(folder: string, name: string, content: string): void {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

/** @throws with what the commands print, where one fails */
function execute(cwd: string, commands: string): void {
  // npx asks nobody whether to install a package.
  execFileSync('sh', ['-e', '-c', commands], { cwd, stdio: 'pipe', env: { ...process.env, npm_config_yes: 'true' } });
}

function serve(site: Site, file: string, pathname: string): void {
  if (!existsSync(file)) throw new Error(`${file} was not made`);
  const type = file.endsWith('.js') ? 'text/javascript' : 'application/wasm';
  site.answer(pathname, (_, response) => response.setHeader('Content-Type', type).end(readFileSync(file)));
}

/** Runs `run.js` in a page, where the package is served. @returns what it writes to the console */
async function outputOf(page: Page, site: Site): Promise<string> {
  const [, pageScript = ''] = /^\*\*`page\.js`\*\*\n\n```js\n([\s\S]*?)^```$/m.exec(text) ?? [];
  site.answer('/page.js', (_, response) => {
    response
      .setHeader('Content-Type', 'text/javascript')
      .end(pageScript.replace("'wasi-nn-web'", "'/lib/wasi-nn-web.js'"));
  });
  await page.goto(`${site.origin}/blank.html`);
  const message = page.waitForEvent('console');
  await page.addScriptTag({ type: 'module', url: '/run.js' });
  return (await message).text().trim();
}
