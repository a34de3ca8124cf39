import { expect, it } from 'vitest';
import { summarise } from './results.js';

it('sums up paired samples by the median of their ratios', () => {
  const ours = [2, 20, 3, 200, 4];
  const baseline = [1, 10, 2, 100, 1];
  const result = summarise('x', 'title', 2, { ours, baseline });
  expect(result).toMatchObject({
    ours: { median: 4, p90: 200 },
    baseline: { median: 2, p90: 100 },
    ratio: 2,
    met: true,
  });
  expect(summarise('x', 'title', 1.9, { ours, baseline }).met).toBe(false);
});
