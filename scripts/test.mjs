#!/usr/bin/env node
// Builds what the tests run against, runs all of them, and ends with one line that counts them together.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';

const output = 'e2e/.output';
const unitResults = `${output}/unit.json`;
const browserResults = `${output}/browser.json`;
const conformanceResults = 'e2e/results/conformance.json';

function run(command, ...args) {
  console.log(`\n> ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' });
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
process.env.PLAYWRIGHT_JSON_OUTPUT_FILE = browserResults;
const browserPassed = run('npx', 'playwright', 'test', '--reporter=list,json');

delete process.env.PLAYWRIGHT_JSON_OUTPUT_FILE;
const conformancePassed = run('npm', 'run', '--silent', 'conformance');

const unit = read(unitResults);
const { stats } = read(browserResults);
// Each run of a guest counts as one test: its cases are many, and mostly the same in all rows.
const rows = existsSync(conformanceResults) ? read(conformanceResults).rows : [];
const failedRows = rows.filter((row) => row.failed > 0).length;
const passed = unit.numPassedTests + stats.expected + stats.flaky + rows.length - failedRows;
const failed = unit.numFailedTests + stats.unexpected + failedRows;
const skipped = unit.numPendingTests + stats.skipped;
const ok = unitPassed && browserPassed && conformancePassed;
// A file that cannot be loaded fails the run without failing a test.
console.log(`\n${passed} passed, ${ok ? failed : Math.max(1, failed)} failed, ${skipped} skipped`);
process.exit(ok ? 0 : 1);
