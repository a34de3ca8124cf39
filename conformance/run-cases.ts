import type { CaseEntry } from './manifest.js';
import { featureOf, readTap } from './tap.js';

/**
 * What came of a case. `other-error`: not what was expected, where the standard leaves the error code open. `ended`: the
 * engine ended, or reported nothing for too long.
 */
export const verdicts = ['passed', 'failed', 'other-error', 'ended', 'skipped'] as const;

export type Verdict = (typeof verdicts)[number];

export interface CaseResult {
  readonly case: CaseEntry;
  readonly verdict: Verdict;
  readonly reason?: string;
}

/** Runs a guest with these arguments. @returns what it wrote to its standard output, up to its end */
export type RunGuest = (args: readonly string[]) => string;

/**
 * Has cases of one guest and target performed, all in one run. Where the engine ends in one of them, the others go on in
 * another run.
 *
 * @param cases in the order in which the guest has them
 */
export function runCases(cases: readonly CaseEntry[], runGuest: RunGuest): CaseResult[] {
  const results: CaseResult[] = [];
  let left = cases;
  while (left.length > 0) {
    const target = left[0]?.target ?? 'cpu';
    const output = runGuest(['--target', target, ...left.flatMap(({ id }) => ['--case', id])]);
    const reports = readTap(output).filter(({ id }) => featureOf(id) !== 'unreported');
    for (const [index, { status, reason }] of reports.slice(0, left.length).entries()) {
      const performed = left[index];
      if (performed)
        results.push({ case: performed, verdict: judge(performed, status), ...(reason ? { reason } : {}) });
    }
    left = left.slice(reports.length);
    const [ended, ...others] = left;
    if (!ended) break;
    results.push({ case: ended, verdict: 'ended', reason: 'the engine ended' });
    left = others;
  }
  return results;
}

function judge({ expected }: CaseEntry, status: 'passed' | 'failed' | 'skipped'): Verdict {
  const isOpen = expected.outcome === 'error' && expected.definedBy === 'suite';
  return status === 'failed' && isOpen ? 'other-error' : status;
}
