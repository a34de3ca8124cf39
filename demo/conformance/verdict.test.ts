import { expect, it } from 'vitest';
import { judge } from '../../conformance/results.js';
import { countByFeature, verdictOf } from './verdict.js';

const row = { browser: 'test', abi: 'witx', target: 'cpu', waiting: 'block' } as const;
const passes = { id: 'echo/FP32', status: 'passed' } as const;
const fails = { id: 'handles/twice', status: 'failed', reason: 'none' } as const;
const skipped = { id: 'echo/BF16', status: 'skipped' } as const;

it('counts what was performed, and not what was skipped', () => {
  const runs = [judge(row, [passes, skipped], [])];
  expect(verdictOf(runs, 1)).toEqual({ words: 'This browser passes 1 of 1 cases.', hasPassed: true });
  expect(verdictOf([...runs, judge(row, [fails], [])], 2)).toEqual({
    words: 'This browser passes 1 of 2 cases.',
    hasPassed: false,
  });
});

it('does not pass a browser in which the suite was stopped', () => {
  expect(verdictOf([judge(row, [passes], [])], 3)).toEqual({
    words: 'Stopped after 1 of 3 rows: 1 of 1 cases passed.',
    hasPassed: false,
  });
});

it('tells known failures apart', () => {
  const known = [{ cases: 'handles/', rows: {}, reason: 'a fault of the browser' }];
  expect(verdictOf([judge(row, [passes, fails], known)], 1)).toEqual({
    words: 'This browser passes 1 of 2 cases. 1 are known to fail.',
    hasPassed: true,
  });
});

it('counts by feature', () => {
  expect(countByFeature([judge(row, [passes, fails, skipped], []), judge(row, [passes], [])])).toEqual([
    { feature: 'echo', passed: 2, failed: 0 },
    { feature: 'handles', passed: 0, failed: 1 },
  ]);
});
