import { describe, expect, it } from 'vitest';
import { type AnsweredCall, type CallTimes, createCallTimes } from './call-times.js';

const call: AnsweredCall = { model: 'digits/cpu', start: 1000, milliseconds: 20 };
const compute = {
  operation: 'compute',
  name: 'digits/cpu',
  start: 1006,
  milliseconds: 9,
  waited: 2,
  worked: 6,
} as const;
const load = { operation: 'load', name: 'digits/cpu', start: 1001, milliseconds: 4, waited: 1 } as const;

const parts = { queue: 2, dispatch: 1, backend: 6, after: 5 };

function collect() {
  const found: CallTimes[] = [];
  return { found, times: createCallTimes((times) => found.push(times)) };
}

describe('createCallTimes', () => {
  it.each(['call', 'measure'])('divides a call, where the %s comes first', (first) => {
    const { found, times } = collect();
    if (first === 'call') times.takeCall(call);
    times.takeMeasure(compute);
    if (first === 'measure') times.takeCall(call);
    expect(found).toEqual([{ model: 'digits/cpu', total: 20, load: 0, before: 6, ...parts }]);
  });

  it('keeps loading apart', () => {
    const { found, times } = collect();
    times.takeMeasure(load);
    times.takeMeasure(compute);
    times.takeCall(call);
    expect(found).toEqual([{ model: 'digits/cpu', total: 20, load: 4, before: 2, ...parts }]);
  });

  it('leaves alone what belongs to another model or another call', () => {
    const { found, times } = collect();
    times.takeMeasure({ ...compute, name: 'digits/gpu' });
    times.takeMeasure({ ...compute, start: 1200 });
    times.takeCall(call);
    expect(found).toEqual([]);
    times.takeCall({ ...call, start: 1195 });
    expect(found).toHaveLength(1);
  });

  it('has no negative part where the clocks of two threads differ', () => {
    const { found, times } = collect();
    times.takeMeasure({ ...compute, start: 999, milliseconds: 22, waited: -1 });
    times.takeCall(call);
    expect(found[0]).toMatchObject({ before: 0, queue: 0, after: 0 });
  });
});
