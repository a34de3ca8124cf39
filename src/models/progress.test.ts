import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgress, type ModelProgress } from './progress.js';

let time: number;
let reported: ModelProgress[];
let track: ReturnType<typeof createProgress>;

beforeEach(() => {
  vi.useFakeTimers();
  time = 0;
  reported = [];
  track = createProgress(
    (progress) => reported.push(progress),
    () => time,
  );
});

afterEach(() => {
  vi.useRealTimers();
});

describe('createProgress', () => {
  it('reports a model of one file, and its rate in bytes per second', () => {
    const model = track('m', 1);
    model.update(0, { phase: 'download', loaded: 0, total: 1000 });
    time = 500;
    model.update(0, { phase: 'download', loaded: 100, total: 1000 });
    expect(reported).toEqual([
      { name: 'm', phase: 'download', loaded: 0, total: 1000, all: { loaded: 0, total: 1000 } },
      { name: 'm', phase: 'download', loaded: 100, total: 1000, rate: 200, all: { loaded: 100, total: 1000 } },
    ]);
  });

  it('looks back three seconds for the rate', () => {
    const model = track('m', 1);
    for (const [at, loaded] of [
      [0, 0],
      [1000, 1000],
      [4000, 1000],
      [5000, 4000],
    ] as const) {
      time = at;
      model.update(0, { phase: 'download', loaded });
    }
    expect(reported.map(({ rate }) => rate)).toEqual([undefined, 1000, 0, 3000]);
  });

  it('has no negative rate where a download starts over', () => {
    const model = track('m', 1);
    model.update(0, { phase: 'download', loaded: 1000 });
    time = 1000;
    model.update(0, { phase: 'download', loaded: 0 });
    expect(reported.at(-1)?.rate).toBe(0);
  });

  it('reports no rate of what is read from the cache', () => {
    const model = track('m', 1);
    model.update(0, { phase: 'cache', loaded: 10, total: 20 });
    time = 1000;
    model.update(0, { phase: 'cache', loaded: 20, total: 20 });
    expect(reported.some((progress) => 'rate' in progress)).toBe(false);
  });

  it('adds up the parts of a model; the total is known where all are', () => {
    const model = track('m', 2);
    model.update(0, { phase: 'download', loaded: 10, total: 100 });
    expect(reported.at(-1)).not.toHaveProperty('total');
    time = 1000;
    model.update(1, { phase: 'download', loaded: 5, total: 50 });
    expect(reported.at(-1)).toMatchObject({ loaded: 15, total: 150 });
  });

  it('adds up the models that are under way, until all have ended', () => {
    const [one, other] = [track('one', 1), track('other', 1)];
    one.update(0, { phase: 'download', loaded: 10, total: 10 });
    one.end();
    other.update(0, { phase: 'download', loaded: 1, total: 20 });
    expect(reported.at(-1)).toMatchObject({ name: 'other', loaded: 1, total: 20, all: { loaded: 11, total: 30 } });
    other.end();
    track('third', 1).update(0, { phase: 'download', loaded: 1, total: 2 });
    expect(reported.at(-1)?.all).toEqual({ loaded: 1, total: 2 });
  });

  it('reports at most every 100 ms, but each change of phase, the last byte, and where it ended', () => {
    const model = track('m', 1);
    const loaded = () => reported.map((progress) => progress.loaded);
    model.update(0, { phase: 'wait', loaded: 0 });
    model.update(0, { phase: 'download', loaded: 1, total: 9 });
    time = 99;
    model.update(0, { phase: 'download', loaded: 2, total: 9 });
    expect(loaded()).toEqual([0, 1]);
    time = 100;
    model.update(0, { phase: 'download', loaded: 3, total: 9 });
    model.update(0, { phase: 'download', loaded: 4, total: 9 });
    expect(loaded()).toEqual([0, 1, 3]);
    model.update(0, { phase: 'download', loaded: 9, total: 9 });
    expect(loaded()).toEqual([0, 1, 3, 9]);
    model.end();
    expect(loaded()).toEqual([0, 1, 3, 9]);

    const untold = track('without a length', 1);
    untold.update(0, { phase: 'download', loaded: 1 });
    untold.update(0, { phase: 'download', loaded: 2 });
    untold.end();
    expect(loaded()).toEqual([0, 1, 3, 9, 1, 2]);
  });

  it('reports what came last where nothing more comes', () => {
    const model = track('m', 1);
    model.update(0, { phase: 'download', loaded: 1 });
    time = 40;
    model.update(0, { phase: 'download', loaded: 2 });
    model.update(0, { phase: 'download', loaded: 3 });
    vi.advanceTimersByTime(59);
    expect(reported).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(reported.map(({ loaded }) => loaded)).toEqual([1, 3]);
    model.end();
    expect(reported).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reports nothing of a model without progress', () => {
    track('m', 1).end();
    expect(reported).toEqual([]);
  });
});
