import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import type { EngineProcess } from './engine-process.js';
import { createHeapWatch, type HeapWatch } from './heap-watch.js';

const mebibyte = 1 << 20;

let heapBytes: number;
let isIdle: boolean;
let ending: AbortController;
let engine: EngineProcess;
let watch: HeapWatch;

beforeEach(() => {
  vi.useFakeTimers();
  [heapBytes, isIdle, ending] = [0, true, new AbortController()];
  engine = {
    ended: ending.signal,
    prepare: () => undefined,
    request: async () => undefined,
    status: () => ({ heapBytes, milliseconds: 0 }),
    terminate: (cause) => ending.abort(cause),
  };
  watch = createHeapWatch({ engines: () => (ending.signal.aborted ? [] : [engine]), isIdle: () => isIdle });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A call on a graph in which the heap grows. */
function grow(graph: number, bytes: number): void {
  heapBytes += bytes;
  watch.charge(graph, engine);
}

/** Why the engine was ended, if it was. */
function ended(): string | undefined {
  return ending.signal.aborted ? ending.signal.reason.message : undefined;
}

it('leaves 512 MiB alone that no graph is charged with', () => {
  grow(1, 512 * mebibyte);
  grow(2, 2048 * mebibyte);
  watch.forget(1);
  vi.runAllTimers();
  expect(ended()).toBeUndefined();
  heapBytes++;
  watch.look();
  vi.runAllTimers();
  expect(ended()).toBe(
    `its heap of ${2560 * mebibyte + 1} bytes is far more than the ${2048 * mebibyte} bytes that its graphs have needed`,
  );
});

it('charges a graph with what the heap grew by in all of its calls, until it goes', () => {
  grow(1, 300 * mebibyte);
  grow(1, 100 * mebibyte);
  grow(1, 300 * mebibyte);
  watch.look();
  vi.runAllTimers();
  expect(ended()).toBeUndefined();
  watch.forget(1);
  watch.forget(1);
  vi.runAllTimers();
  expect(ended()).toContain('than the 0 bytes');
});

it('waits until nothing has been under way for a while', () => {
  grow(1, 600 * mebibyte);
  watch.forget(1);
  vi.advanceTimersByTime(1999);
  watch.look();
  vi.advanceTimersByTime(1999);
  expect(ended()).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect(ended()).toBeDefined();
});

it('leaves an engine that is in use when the time has come, or whose heap is needed again', () => {
  grow(1, 600 * mebibyte);
  watch.forget(1);
  isIdle = false;
  vi.runAllTimers();
  isIdle = true;
  watch.look();
  heapBytes -= 100 * mebibyte;
  vi.runAllTimers();
  expect(ended()).toBeUndefined();
});

it('sets no timer while there is nothing to be ended', () => {
  grow(1, 600 * mebibyte);
  watch.look();
  expect(vi.getTimerCount()).toBe(0);
});

it('keeps nothing of an engine that has ended, also when its last call fails with it', () => {
  grow(1, 1);
  ending.abort(new WasiNNError('runtime-error', 'it crashed'));
  const listen = vi.spyOn(ending.signal, 'addEventListener');
  grow(1, 600 * mebibyte);
  watch.look();
  expect(listen).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
