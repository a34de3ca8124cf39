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
//   npm test -- --tools             the tests that are tagged @tools: they install bundlers and run toolchains
//   npm test -- --long              the tests that are tagged @long, in all browsers, and those that run in Chromium in a
//                                   second way of waiting (playwright.config.ts)
//
// With `--minutes=N`, what has not ended after N minutes is ended then. It counts as failed, and the last line is printed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { printSummary, readPlaywright, readVitest } from './test-results.mjs';

const output = 'e2e/.output';
const chromium = ['chromium', 'chromium-suspend', 'chromium-block'];
const otherBrowsers = ['firefox-suspend', 'firefox-block', 'webkit-block'];
const all = [...chromium, ...otherBrowsers];

const parts = {
  start: runStart,
  async fixtures() {
    await runUnitTests(['src', 'demo'].flatMap((folder) => filesWith('WASI_NN_FIXTURES', folder, '.test.ts')));
    // What is missing does not depend on how a guest waits.
    const projects = ['chromium', 'chromium-block'];
    await runShortBrowserTests('with fixtures', projects, filesWith("'./fixture-data.js'", 'e2e', '.spec.ts'));
  },
  'other-browsers': () => runShortBrowserTests('other browsers', otherBrowsers),
  long: runLongTests,
  tools: () =>
    runBrowserTests('bundlers and toolchains', ['chromium'], { tag: '@tools', workers: availableParallelism() }),
};

const options = Object.fromEntries(Object.keys(parts).map((part) => [part, { type: 'boolean' }]));
const { minutes, ...given } = parseArgs({ options: { ...options, minutes: { type: 'string', default: '60' } } }).values;
const chosen = Object.keys(given);
/** When what still runs is ended, in the time of `performance.now()`. */
let deadline = Number(minutes) * 60_000;
/** A run that is to end has so long to say what it has done, in ms. */
const grace = 20_000;
const results = [];
const times = [];
let allSucceeded = true;

rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
if (chosen.length === 0) await runAll();
for (const part of chosen) await parts[part]();

console.log('\nTimes:');
for (const { part, seconds } of times) console.log(`${seconds.toFixed(1).padStart(7)} s  ${part}`);
printSummary(results, { failedWithoutTest: !allSucceeded });
process.exit(allSucceeded ? 0 : 1);

async function runAll() {
  if (!(await run('build', 'npm', ['run', '--silent', 'build']))) {
    console.log('\nThe build failed; no test was run.');
    return;
  }
  await runUnitTests();
  await runShortBrowserTests('all', all);
}

/** Runs the tests that are not long: first those that may run side by side, then the others. */
async function runShortBrowserTests(name, projects, specs) {
  await runBrowserTests(`${name}, side by side`, projects, { skip: '@long|@tools|@alone', specs });
  await runBrowserTests(`${name}, one at a time`, projects, { tag: '@alone', skip: '@long|@tools', workers: 1, specs });
}

/** Long tests hardly wait: as many run side by side as there are cores. */
async function runLongTests() {
  const workers = availableParallelism();
  await runBrowserTests('long, side by side', all, { tag: '@long', skip: '@alone', workers });
  await runBrowserTests('the other way of waiting', ['chromium-block-long'], {});
  await runBrowserTests('long, one at a time', all, { tag: '(?=.*@long)(?=.*@alone)', workers: 1 });
}

async function runUnitTests(files = []) {
  const file = `${output}/unit.json`;
  // A log of CI is read for what failed.
  const [shown, env] = process.env.CI ? ['dot', { NO_COLOR: '1' }] : ['default', {}];
  const reporters = [shown, 'json', './scripts/unfinished-tests.mjs'].map((reporter) => `--reporter=${reporter}`);
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...reporters, `--outputFile.json=${file}`, ...files];
  await run('unit tests', process.execPath, args, env);
  if (existsSync(file)) results.push(readVitest(file));
}

/**
 * @param {string} name what is printed for these tests
 * @param {string[]} projects the projects of playwright.config.ts
 * @param {{ tag?: string, skip?: string, workers?: number, specs?: string[] }} filter patterns of tags, and spec files
 */
async function runBrowserTests(name, projects, { tag, skip, workers, specs = [] }) {
  const args = projects.map((project) => `--project=${project}`);
  if (tag) args.push(`--grep=${tag}`);
  if (skip) args.push(`--grep-invert=${skip}`);
  if (workers) args.push(`--workers=${workers}`);
  await runPlaywright(`browser tests, ${name}`, [...args, ...specs]);
}

async function runStart() {
  await runPlaywright('npm start', ['--config=e2e/start/playwright.config.ts']);
}

async function runPlaywright(part, args) {
  const folder = `${output}/${part.replaceAll(/\W+/g, '-')}`;
  const file = `${folder}.json`;
  const command = [
    'node_modules/@playwright/test/cli.js',
    'test',
    '--pass-with-no-tests',
    `--output=${folder}`,
    // Playwright ends its tests itself then, and its browsers.
    `--global-timeout=${timeLeft()}`,
    ...args,
  ];
  await run(part, process.execPath, command, { PLAYWRIGHT_JSON_OUTPUT_FILE: file });
  if (existsSync(file)) results.push(readPlaywright(file));
}

/** The files of a folder whose text has a piece in it. */
function filesWith(piece, folder, ending) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(ending));
  const paths = files.map((file) => `${folder}/${file.replaceAll('\\', '/')}`);
  return paths.filter((path) => readFileSync(path, 'utf8').includes(piece));
}

/** In ms. Playwright takes a limit of 0 for none, so it is at least 1. */
function timeLeft() {
  return Math.max(1, Math.round(deadline - performance.now()));
}

/** Runs one part, and ends it when the time is over. @returns whether it succeeded */
async function run(part, command, args, env = {}) {
  if (timeLeft() === 1) {
    console.log(`\n> ${part}: not run, the time is over`);
    allSucceeded = false;
    return false;
  }
  console.log(`\n> ${part}: ${args.join(' ')}`);
  const start = performance.now();
  const isWindows = process.platform === 'win32';
  const child = spawn(command, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // There, npm is a script of the shell.
    shell: isWindows && command === 'npm',
    // A group of its own, so that it can be ended with all that it has started.
    detached: !isWindows,
  });
  const end = (signal) => (isWindows ? child.kill() : process.kill(-child.pid, signal));
  const pass = (signal) => {
    // Nothing that comes after is to run.
    deadline = performance.now();
    end(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, pass);
  const timers = [
    setTimeout(() => {
      console.log(`\nThe time is over: ${part} has not ended after ${minutes} minutes of all.`);
      end('SIGTERM');
    }, timeLeft() + grace),
    setTimeout(() => end('SIGKILL'), timeLeft() + 2 * grace),
  ];
  const [status] = await once(child, 'exit');
  timers.forEach(clearTimeout);
  if (timeLeft() === 1) endWhatIsLeft(end);
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, pass);
  times.push({ part, seconds: (performance.now() - start) / 1000 });
  if (status !== 0) allSucceeded = false;
  return status === 0;
}

/** A worker in an endless loop outlives the process that has started it. */
function endWhatIsLeft(end) {
  try {
    end('SIGKILL');
  } catch {
    // Nothing is left.
  }
}
