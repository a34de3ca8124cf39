#!/usr/bin/env node
// Builds what the tests run against, runs all of them, and ends with one line that counts them together.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

const output = 'e2e/.output';
const unitResults = `${output}/unit.json`;
/** The projects of `playwright.config.ts` that run side by side: their guests and engines mostly wait for one another. */
const browserProjects = { chromium: ['chromium'], everywhere: ['chromium-*', 'firefox*', 'webkit*'] };
const conformanceResults = 'e2e/results/conformance.json';

function run(command, ...args) {
  console.log(`\n> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  return status === 0;
}

const browserResults = (name) => `${output}/${name}.json`;

/** What it prints comes at its end where something else prints meanwhile. */
async function runBrowsers(name, stdout) {
  const projects = browserProjects[name].map((project) => `--project=${project}`);
  const args = ['playwright', 'test', '--reporter=list,json', `--output=${output}/${name}`, ...projects];
  console.log(`\n> npx ${args.join(' ')}`);
  const child = spawn('npx', args, {
    stdio: ['ignore', stdout, 'inherit'],
    shell: process.platform === 'win32',
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: browserResults(name) },
  });
  const printed = [];
  child.stdout?.on('data', (bytes) => printed.push(bytes));
  const [status] = await once(child, 'close');
  process.stdout.write(Buffer.concat(printed));
  return status === 0;
}

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

rmSync(output, { recursive: true, force: true });
rmSync(conformanceResults, { force: true });
mkdirSync(output, { recursive: true });

if (!run('npm', 'run', '--silent', 'build')) {
  console.log('\nThe build failed; no test was run.\n\n0 passed, 1 failed, 0 skipped');
  process.exit(1);
}
const unitPassed = run(
  'npx',
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${unitResults}`,
);
const browsersPassed = await Promise.all([runBrowsers('chromium', 'inherit'), runBrowsers('everywhere', 'pipe')]);
const conformancePassed = run('npm', 'run', '--silent', 'conformance');

const unit = read(unitResults);
const browsers = Object.keys(browserProjects).map((name) => read(browserResults(name)).stats);
const sum = (member) => browsers.reduce((total, stats) => total + stats[member], 0);
// Each run of a guest counts as one test: its cases are many, and mostly the same in all rows.
const rows = existsSync(conformanceResults) ? read(conformanceResults).rows : [];
const failedRows = rows.filter((row) => row.failed > 0).length;
const passed = unit.numPassedTests + sum('expected') + sum('flaky') + rows.length - failedRows;
const failed = unit.numFailedTests + sum('unexpected') + failedRows;
const skipped = unit.numPendingTests + sum('skipped');
const ok = unitPassed && browsersPassed.every(Boolean) && conformancePassed;
// A file that cannot be loaded fails the run without failing a test.
console.log(`\n${passed} passed, ${ok ? failed : Math.max(1, failed)} failed, ${skipped} skipped`);
process.exit(ok ? 0 : 1);
