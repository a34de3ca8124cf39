import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBoard, createTurnRecorder, readTurns, type Turn, updateBoard, watchTurns } from './turns.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A board of each kind, an engine that writes on it, and a page that watches. */
function open(isolated: boolean, limits = { load: 1000, compute: 100, read: 100 }) {
  vi.stubGlobal('crossOriginIsolated', isolated);
  const seen = createBoard();
  // What is not shared is copied when it is posted.
  const written = isolated ? seen : seen.slice();
  const overdue: Turn[] = [];
  const watch = watchTurns(seen, limits, (turn) => overdue.push(turn));
  const wakes = vi.fn(watch.wake);
  const recorder = createTurnRecorder(
    written,
    (place, words) => {
      updateBoard(seen, place, words);
      watch.wake();
    },
    wakes,
  );
  return { seen, overdue, watch, wakes, recorder };
}

describe.each([
  ['shared', true],
  ['copied by messages', false],
])('a board that is %s', (_what, isolated) => {
  it('shows which calls are under way', () => {
    const { seen, recorder } = open(isolated);
    expect(readTurns(seen)).toEqual([]);
    const endLoad = recorder.begin('load', 3, 7);
    const endCompute = recorder.begin('compute', 4, 0);
    const endRead = recorder.begin('read', 4, 1);
    expect(readTurns(seen)).toMatchObject([
      { kind: 'load', guest: 3, call: 7 },
      { kind: 'compute', guest: 4, call: 0 },
      { kind: 'read', guest: 4, call: 1 },
    ]);
    endLoad();
    endRead();
    expect(readTurns(seen)).toMatchObject([{ kind: 'compute', guest: 4, call: 0 }]);
    endCompute();
    expect(readTurns(seen)).toEqual([]);
  });

  it('has room for as many calls as there are slots, and leaves out the others', () => {
    const { seen, recorder } = open(isolated);
    const ends = Array.from({ length: 20 }, (_, call) => recorder.begin('compute', 0, call));
    expect(readTurns(seen).length).toBeGreaterThanOrEqual(8);
    for (const end of ends) end();
    expect(readTurns(seen)).toEqual([]);
  });

  it('tells of a call that takes longer than its limit, once', () => {
    const { overdue, recorder } = open(isolated);
    recorder.begin('load', 0, 1);
    recorder.begin('compute', 0, 2);
    vi.advanceTimersByTime(99);
    expect(overdue).toEqual([]);
    vi.advanceTimersByTime(26);
    expect(overdue).toMatchObject([{ kind: 'compute', call: 2 }]);
    vi.advanceTimersByTime(5000);
    expect(overdue).toHaveLength(1);
  });

  it('does not take many short calls for a long one', () => {
    const { overdue, recorder } = open(isolated);
    for (let call = 0; call < 50; call++) {
      const end = recorder.begin('compute', 0, call);
      vi.advanceTimersByTime(30);
      end();
    }
    expect(overdue).toEqual([]);
  });

  it('is not looked at while nothing happens, and is again when something does', () => {
    const { overdue, recorder } = open(isolated);
    recorder.begin('compute', 0, 0)();
    vi.advanceTimersByTime(5000);
    expect(vi.getTimerCount()).toBe(0);
    recorder.begin('compute', 0, 1);
    vi.advanceTimersByTime(125);
    expect(overdue).toMatchObject([{ call: 1 }]);
  });
});

it('a shared board calls the page once for many calls', () => {
  const { recorder, wakes } = open(true);
  for (let call = 0; call < 100; call++) recorder.begin('compute', 0, call)();
  expect(wakes).toHaveBeenCalledTimes(1);
});

it('a watch that is stopped looks no more', () => {
  const { recorder, overdue, watch } = open(true);
  recorder.begin('compute', 0, 0);
  watch.stop();
  vi.advanceTimersByTime(5000);
  expect(overdue).toEqual([]);
});
