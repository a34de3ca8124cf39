import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createContextReport, createContextWord, readContexts } from './context-counter.js';

let reported: number[];

beforeEach(() => {
  reported = [];
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The worker's end of a word that reaches it as a page's message does. */
function open(word: Int32Array) {
  return createContextReport(structuredClone(word), (contexts) => reported.push(contexts));
}

describe('a word that is not shared', () => {
  it('is reported once for all changes until the thread comes to its event loop', () => {
    const report = open(createContextWord());
    for (let contexts = 1; contexts <= 1000; contexts++) report.write(contexts);
    expect(reported).toEqual([]);
    vi.runAllTimers();
    report.write(5);
    vi.runAllTimers();
    expect(reported).toEqual([1000, 5]);
  });

  it('is not reported where it is as it was', () => {
    const report = open(createContextWord());
    report.write(1);
    report.write(0);
    vi.runAllTimers();
    report.reportNow();
    expect(reported).toEqual([]);
  });

  it('is reported before something else is, and not again', () => {
    const report = open(createContextWord());
    report.write(2);
    report.reportNow();
    expect(reported).toEqual([2]);
    vi.runAllTimers();
    expect(reported).toEqual([2]);
  });
});

describe('a word that is shared', () => {
  it('takes no messages', () => {
    vi.stubGlobal('crossOriginIsolated', true);
    const word = createContextWord();
    const report = open(word);
    report.write(3);
    expect(readContexts(word)).toBe(3);
    report.reportNow();
    expect(vi.getTimerCount()).toBe(0);
    expect(reported).toEqual([]);
  });
});
