import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestCase, TestResult } from '@playwright/test/reporter';
import { fixtures } from '../e2e/fixture-data.js';
import type { Waiting } from '../src/index.js';
import { knownFailures } from './known-failures.js';
import { attachmentName, nameOf, type RowName, type Run, summarise, toMarkdown } from './results.js';
import { settingsFor } from './rows.js';

const root = path.resolve(import.meta.dirname, '..');
const resultFile = path.join(root, 'e2e/results/conformance.json');
const page = path.join(root, 'docs/compatibility.md');

/** The browsers, in the order of the page, and how a guest can wait in each. */
const waitingsOf: Readonly<Record<string, readonly Waiting[]>> = {
  chromium: ['suspend', 'block'],
  firefox: ['suspend', 'block'],
  webkit: ['block'],
};

/**
 * Puts the rows of a run together: the results of every browser whose rows all ran, and the page that compares the browsers
 * where every browser ran, with the fixtures.
 */
export default class ConformanceReporter implements Reporter {
  readonly #runs = new Map<string, Run>();

  printsToStdio(): boolean {
    return false;
  }

  onTestEnd(_test: TestCase, { attachments }: TestResult): void {
    const attachment = attachments.find(({ name }) => name === attachmentName);
    if (!attachment?.body) return;
    const run: Run = JSON.parse(attachment.body.toString());
    this.#runs.set(nameOf(run), run);
  }

  onEnd(): void {
    const complete = Object.keys(waitingsOf).flatMap((browser) => this.#completeRuns(browser));
    if (complete.length === 0) return;
    const results = summarise(complete);
    mkdirSync(path.dirname(resultFile), { recursive: true });
    writeFileSync(resultFile, `${JSON.stringify(results, null, 1)}\n`);
    const isComplete = complete.length === Object.keys(waitingsOf).flatMap(rowsOf).length;
    if (isComplete && fixtures) writeFileSync(page, toMarkdown(results, knownFailures));
  }

  #completeRuns(browser: string): readonly Run[] {
    const rows = rowsOf(browser);
    const runs = rows.flatMap((row) => this.#runs.get(nameOf(row)) ?? []);
    return runs.length === rows.length ? runs : [];
  }
}

function rowsOf(browser: string): RowName[] {
  return settingsFor(waitingsOf[browser] ?? []).map((setting) => ({ browser, ...setting }));
}
