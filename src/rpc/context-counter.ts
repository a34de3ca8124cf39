import { createSharedMemory, isShared } from './shared-memory.js';

/**
 * How many execution contexts a guest has, for a page that asks: in a word that the guest's worker and the page share,
 * or, on a page that is not cross-origin isolated, in a copy that messages keep current. Since a guest may make a context
 * for each inference, no message is sent for each: one goes 16 ms after a change, when the worker comes to its event loop,
 * or with an answer.
 */

const reportMilliseconds = 16;

/** Makes a word that two threads can share, where they can share memory at all. */
export function createContextWord(): Int32Array {
  if (!globalThis.crossOriginIsolated) return new Int32Array(1);
  return new Int32Array(createSharedMemory(Int32Array.BYTES_PER_ELEMENT));
}

export function readContexts(word: Int32Array): number {
  return Atomics.load(word, 0);
}

export function writeContexts(word: Int32Array, contexts: number): void {
  Atomics.store(word, 0, contexts);
}

/** The worker's end. */
export interface ContextReport {
  write(contexts: number): void;
  /** Reports to the page at once what it does not know yet. */
  reportNow(): void;
}

/** @param send called with the number when it has changed; for a word that is not shared */
export function createContextReport(word: Int32Array, send: (contexts: number) => void): ContextReport {
  let reported = readContexts(word);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function reportNow(): void {
    clearTimeout(timer);
    timer = undefined;
    const contexts = readContexts(word);
    if (isShared(word.buffer) || contexts === reported) return;
    reported = contexts;
    send(contexts);
  }

  return {
    write(contexts) {
      writeContexts(word, contexts);
      if (!isShared(word.buffer)) timer ??= setTimeout(reportNow, reportMilliseconds);
    },
    reportNow,
  };
}
