import { expect, it } from 'vitest';
import { summarise } from './results.js';

const ours = [2, 20, 3, 200, 4];
const baseline = [1, 10, 2, 100, 1];

it('sums up paired samples by the median of their ratios', () => {
  const result = summarise({ id: 'x', title: 'title', target: 2 }, { ours, baseline });
  expect(result).toMatchObject({
    ours: { median: 4, p90: 200 },
    baseline: { median: 2, p90: 100 },
    ratio: 2,
    met: true,
  });
  expect(summarise({ id: 'x', title: 'title', target: 1.9 }, { ours, baseline }).met).toBe(false);
});

it('sums up memory by the median of the differences, and samples without a baseline by their median', () => {
  const memory = summarise({ id: 'x', title: 'title', target: 10, unit: 'MB' }, { ours, baseline });
  expect(memory).toMatchObject({ ratio: 3, met: true, unit: 'MB' });
  expect(summarise({ id: 'x', title: 'title', target: 5 }, { ours })).toMatchObject({ ratio: 4, met: true });
});

it('compares the worst sample where the target holds for every one', () => {
  const result = summarise({ id: 'x', title: 'title', target: 100, isForEverySample: true }, { ours });
  expect(result).toMatchObject({ ours: { median: 4, worst: 200 }, ratio: 200, met: false });
});
