#!/usr/bin/env node
// Runs tests, prints the ten slowest, and ends with one line that counts all of them.
//
//   npm test                        all that needs nothing but Node: the build, the unit tests, the tests in Chromium (and
//                                   in Firefox and WebKitGTK, where they are installed), except the long ones
//   npm test -- --other-browsers    only the tests in Firefox and WebKitGTK
//   npm test -- --long              only the tests whose titles have the tag @long
//   npm test -- --fixtures          only the unit tests, and the specs that use the fixtures where they are there
//
// Only the first builds; the others use what it has built. More than one of the others may be given.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printSummary, readPlaywright, readVitest } from './test-results.mjs';

const output = 'e2e/.output';
const chromium = ['chromium', 'chromium-suspend', 'chromium-block'];
const otherBrowsers = ['firefox-suspend', 'firefox-block', 'webkit-block'];

const { values: only } = parseArgs({
  options: { 'other-browsers': { type: 'boolean' }, long: { type: 'boolean' }, fixtures: { type: 'boolean' } },
});
const isPart = Object.values(only).some(Boolean);

const results = [];
const times = [];
let allSucceeded = true;

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });

if (!isPart) {
  if (build()) runAll();
  else console.log('\nThe build failed; no test was run.');
}
if (only.fixtures) {
  runUnitTests();
  runBrowserTests('with fixtures', chromium, ['--grep-invert', '@long'], specsWithFixtures());
}
if (only['other-browsers']) runBrowserTests('other browsers', otherBrowsers, ['--grep-invert', '@long']);
if (only.long) runBrowserTests('long', [...chromium, ...otherBrowsers], ['--grep', '@long', '--workers', '1']);

console.log('\nTimes:');
for (const { part, seconds } of times) console.log(`${seconds.toFixed(1).padStart(7)} s  ${part}`);
printSummary(results, { failedWithoutTest: !allSucceeded });
process.exit(allSucceeded ? 0 : 1);

function runAll() {
  runUnitTests();
  const projects = [...chromium, ...otherBrowsers];
  runBrowserTests('side by side', projects, ['--grep-invert', '@long|@alone']);
  runBrowserTests('alone', projects, ['--grep', '@alone', '--grep-invert', '@long', '--workers', '1']);
}

function build() {
  return run('build', 'npm', ['run', '--silent', 'build']);
}

function runUnitTests() {
  const file = `${output}/unit.json`;
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  run('unit tests', process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters]);
  if (existsSync(file)) results.push(readVitest(file));
}

function runBrowserTests(name, projects, options, specs = []) {
  const file = `${output}/${name.replaceAll(' ', '-')}.json`;
  const chosen = projects.map((project) => `--project=${project}`);
  const args = ['test', '--pass-with-no-tests', `--output=${output}/browser`, ...chosen, ...options, ...specs];
  run(`browser tests, ${name}`, process.execPath, ['node_modules/@playwright/test/cli.js', ...args], {
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  });
  if (existsSync(file)) results.push(readPlaywright(file));
}

/** The specs that name the fixtures: some of their tests are skipped without. */
function specsWithFixtures() {
  const specs = readdirSync('e2e').filter((file) => file.endsWith('.spec.ts'));
  return specs.filter((file) => readFileSync(`e2e/${file}`, 'utf8').includes('./fixture-data.js'));
}

/** Runs a part of the tests. @returns whether it succeeded */
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
