import { expect, it } from 'vitest';
import { addCall, recentCalls, type TargetRecord, warmMedian } from './target-records.js';

const call = { model: 'digits/cpu', total: 8, load: 0, before: 1, queue: 0, dispatch: 0, backend: 6, after: 1 };
const empty: TargetRecord = { warm: [] };

it('keeps loading, the first call and warm calls apart', () => {
  const loaded = addCall(empty, { ...call, total: 120, load: 100 });
  expect(loaded).toEqual({ load: 100, first: 20, warm: [] });
  const warm = addCall(addCall(loaded, call), { ...call, total: 10 });
  expect(warm).toEqual({ load: 100, first: 20, warm: [8, 10] });
  expect(warmMedian(warm)).toBe(9);
});

it('starts over where the model is loaded again', () => {
  expect(addCall({ load: 1, first: 1, warm: [1, 2] }, { ...call, total: 30, load: 20 })).toEqual({
    load: 20,
    first: 10,
    warm: [],
  });
});

it('keeps so many calls', () => {
  const many = Array.from({ length: 40 }, (_, index) => ({ ...call, total: index }));
  expect(many.reduce(addCall, empty).warm).toHaveLength(recentCalls);
});
