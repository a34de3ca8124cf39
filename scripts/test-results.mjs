// Reads what Vitest and Playwright write about a run, and prints what a person wants to know of it.
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Results
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {{ title: string, seconds: number }[]} times how long each test took
 * @property {string[]} skipReasons why, for each skipped test
 */

/** @returns {Results} what Vitest's JSON reporter wrote */
export function readVitest(file) {
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = read(file);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: numPassedTests,
    failed: numFailedTests,
    skipped: numPendingTests,
    times: tests.map(({ fullName, duration }) => ({ title: fullName, seconds: (duration ?? 0) / 1000 })),
    skipReasons: tests.filter(({ status }) => status === 'skipped' || status === 'pending').map(reasonInTitle),
  };
}

/** Vitest has no reasons for skipped tests, so that they stand in titles: `real models (needs ../shared/fixtures)`. */
function reasonInTitle({ fullName }) {
  const [, reason] = /\((needs? [^)]*)\)/.exec(fullName) ?? [];
  return reason ?? fullName;
}

/** @returns {Results} what Playwright's JSON reporter wrote */
export function readPlaywright(file) {
  const { stats, suites } = read(file);
  const tests = suites.flatMap((suite) => testsOf(suite));
  const skipped = tests.filter(({ status }) => status === 'skipped');
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected,
    skipped: stats.skipped,
    times: tests.map(({ title, projectName, results }) => ({
      title: `[${projectName}] ${title}`,
      seconds: results.reduce((total, { duration }) => total + duration / 1000, 0),
    })),
    skipReasons: skipped.flatMap(({ annotations }) => annotations.flatMap(({ description }) => description ?? [])),
  };
}

/** All tests of a suite, with their full titles. */
function testsOf({ title, specs = [], suites = [] }, prefix = '') {
  const start = `${prefix}${title} › `;
  const own = specs.flatMap((spec) => spec.tests.map((test) => ({ ...test, title: start + spec.title })));
  return own.concat(suites.flatMap((suite) => testsOf(suite, start)));
}

/** Prints why tests were skipped, the ten slowest tests and, as the last line, the counts. */
export function printSummary(results, { failedWithoutTest }) {
  const reasons = countEach(results.flatMap(({ skipReasons }) => skipReasons));
  if (reasons.size > 0) console.log('\nSkipped:');
  for (const [reason, count] of reasons) console.log(`  ${count} × ${reason}`);

  const slowest = results.flatMap(({ times }) => times).sort((one, other) => other.seconds - one.seconds);
  console.log('\nThe ten slowest tests:');
  for (const { seconds, title } of slowest.slice(0, 10)) console.log(`${seconds.toFixed(1).padStart(7)} s  ${title}`);

  const sum = (member) => results.reduce((total, result) => total + result[member], 0);
  // A file that cannot be loaded fails a run without failing a test.
  const failed = Math.max(sum('failed'), failedWithoutTest ? 1 : 0);
  console.log(`\n${sum('passed')} passed, ${failed} failed, ${sum('skipped')} skipped`);
}

function countEach(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
