import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Caller } from '../backends/backend.js';
import { createHeapWatch, type HeapAccount, type HeapWatch } from './heap-watch.js';

const mebibyte = 1 << 20;

let watch: HeapWatch;
let heap: number;
let idle: boolean;
let outgrown: string[];
let turns: number;

const caller: Caller = {
  guest: 0,
  begin() {
    turns++;
    return () => {
      turns--;
    };
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  [heap, idle, outgrown, turns] = [0, true, [], 0];
  watch = createHeapWatch({
    heapBytes: () => heap,
    isIdle: () => idle,
    onOutgrown: (reason) => outgrown.push(reason),
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A turn of a graph in which the heap grows. */
function grow(account: HeapAccount, bytes: number): void {
  const end = account.charge(caller).begin();
  heap += bytes;
  end();
}

it('passes turns on', () => {
  const charged = watch.open().charge({ ...caller, guest: 7 });
  expect(charged.guest).toBe(7);
  const end = charged.begin();
  expect(turns).toBe(1);
  end();
  expect(turns).toBe(0);
});

it('allows 512 MiB that no graph is charged with', () => {
  const [gone, stays] = [watch.open(), watch.open()];
  grow(gone, 512 * mebibyte);
  grow(stays, 2048 * mebibyte);
  gone.close();
  vi.runAllTimers();
  expect(outgrown).toEqual([]);
  heap++;
  watch.look();
  vi.runAllTimers();
  expect(outgrown).toEqual([expect.stringContaining(`than the ${2048 * mebibyte} bytes`)]);
});

it('charges a graph with what the heap grew by in all of its turns, until it goes', () => {
  const graph = watch.open();
  grow(graph, 300 * mebibyte);
  heap += 100 * mebibyte;
  grow(graph, 300 * mebibyte);
  watch.look();
  vi.runAllTimers();
  expect(outgrown).toEqual([]);
  graph.close();
  graph.close();
  vi.runAllTimers();
  expect(outgrown).toEqual([expect.stringContaining('than the 0 bytes')]);
});

it('waits until nothing has been under way for a while', () => {
  const graph = watch.open();
  grow(graph, 600 * mebibyte);
  graph.close();
  vi.advanceTimersByTime(1999);
  watch.look();
  vi.advanceTimersByTime(1999);
  expect(outgrown).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(outgrown).toHaveLength(1);
});

it('says nothing where a call is under way when the time has come, or the memory is needed again', () => {
  const graph = watch.open();
  grow(graph, 600 * mebibyte);
  graph.close();
  idle = false;
  vi.runAllTimers();
  idle = true;
  watch.look();
  heap -= 100 * mebibyte;
  vi.runAllTimers();
  expect(outgrown).toEqual([]);
});

it('looks no more while there is nothing to be seen', () => {
  grow(watch.open(), 600 * mebibyte);
  watch.look();
  expect(vi.getTimerCount()).toBe(0);
});
