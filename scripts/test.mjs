#!/usr/bin/env node
// Runs tests, prints the ten slowest, and ends with one line that counts all of them.
//
//   npm test                        builds, and runs all that needs nothing but Node: unit tests, and tests in Chromium (and
//                                   in Firefox and WebKitGTK, where they are installed) that are not tagged @long
//
// Each of these runs a part only, of what has been built; several may be given:
//
//   npm test -- --start             the test of `npm start`, which builds the demo itself
//   npm test -- --fixtures          the unit tests, and the specs that use the fixtures where they are there
//   npm test -- --other-browsers    the tests in Firefox and WebKitGTK that are not tagged @long
//   npm test -- --long              the tests that are tagged @long, in all browsers
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printSummary, readPlaywright, readVitest } from './test-results.mjs';

const output = 'e2e/.output';
const chromium = ['chromium', 'chromium-suspend', 'chromium-block'];
const otherBrowsers = ['firefox-suspend', 'firefox-block', 'webkit-block'];
const all = [...chromium, ...otherBrowsers];

const parts = {
  start: runStart,
  fixtures() {
    runUnitTests(['src', 'demo'].flatMap((folder) => filesWith('WASI_NN_FIXTURES', folder, '.test.ts')));
    runShortBrowserTests('with fixtures', chromium, filesWith("'./fixture-data.js'", 'e2e', '.spec.ts'));
  },
  'other-browsers': () => runShortBrowserTests('other browsers', otherBrowsers),
  long: () => runBrowserTests('long', all, { tag: '@long', workers: 1 }),
};

const options = Object.fromEntries(Object.keys(parts).map((part) => [part, { type: 'boolean' }]));
const chosen = Object.keys(parseArgs({ options }).values);
const results = [];
const times = [];
let allSucceeded = true;

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
if (chosen.length === 0) runAll();
for (const part of chosen) parts[part]();

console.log('\nTimes:');
for (const { part, seconds } of times) console.log(`${seconds.toFixed(1).padStart(7)} s  ${part}`);
printSummary(results, { failedWithoutTest: !allSucceeded });
process.exit(allSucceeded ? 0 : 1);

function runAll() {
  if (!run('build', 'npm', ['run', '--silent', 'build'])) {
    console.log('\nThe build failed; no test was run.');
    return;
  }
  runUnitTests();
  runShortBrowserTests('all', all);
}

/** Runs the tests that are not long: first those that may run side by side, then the others. */
function runShortBrowserTests(name, projects, specs) {
  runBrowserTests(`${name}, side by side`, projects, { skip: '@long|@alone', specs });
  runBrowserTests(`${name}, one at a time`, projects, { tag: '@alone', skip: '@long', workers: 1, specs });
}

function runUnitTests(files = []) {
  const file = `${output}/unit.json`;
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  run('unit tests', process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...files]);
  if (existsSync(file)) results.push(readVitest(file));
}

/**
 * @param {string} name what is printed for these tests
 * @param {string[]} projects the projects of playwright.config.ts
 * @param {{ tag?: string, skip?: string, workers?: number, specs?: string[] }} filter patterns of tags, and spec files
 */
function runBrowserTests(name, projects, { tag, skip, workers, specs = [] }) {
  const args = projects.map((project) => `--project=${project}`);
  if (tag) args.push(`--grep=${tag}`);
  if (skip) args.push(`--grep-invert=${skip}`);
  if (workers) args.push(`--workers=${workers}`);
  runPlaywright(`browser tests, ${name}`, [...args, ...specs]);
}

function runStart() {
  runPlaywright('npm start', ['--config=e2e/start/playwright.config.ts']);
}

function runPlaywright(part, args) {
  const folder = `${output}/${part.replaceAll(/\W+/g, '-')}`;
  const file = `${folder}.json`;
  const command = [
    'node_modules/@playwright/test/cli.js',
    'test',
    '--pass-with-no-tests',
    `--output=${folder}`,
    ...args,
  ];
  run(part, process.execPath, command, { PLAYWRIGHT_JSON_OUTPUT_FILE: file });
  if (existsSync(file)) results.push(readPlaywright(file));
}

/** The files of a folder whose text has a piece in it. */
function filesWith(piece, folder, ending) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(ending));
  const paths = files.map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
  return paths.filter((path) => readFileSync(path, 'utf8').includes(piece));
}

/** Runs one part. @returns whether it succeeded */
function run(part, command, args, env = {}) {
  console.log(`\n> ${part}: ${args.join(' ')}`);
  const start = performance.now();
  const { status } = spawnSync(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // There, npm is a script of the shell.
    shell: process.platform === 'win32' && command === 'npm',
  });
  times.push({ part, seconds: (performance.now() - start) / 1000 });
  if (status !== 0) allSucceeded = false;
  return status === 0;
}
