import type { WasiNNError } from '../standard/error.js';
import { fromPlainError, type PlainError } from '../standard/plain-error.js';
import type { OutputSink, OutputStream } from './program-environment.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * What a guest writes, and the errors that wasi-nn answers it with, on their way to the page. The guest's worker
 * gathers them into batches (`output-buffer.ts`). The page acknowledges each batch when it has handled it, so that the
 * worker knows how much the page has still to take.
 */

/** A batch holds at most this many bytes. */
export const batchBytes = 64 << 10;

/** A batch holds no more runs: each costs the page about as much as a kilobyte. */
export const batchRuns = 32;

/** A batch holds no more faults; the others are counted. */
export const batchFaults = 8;

/** Bytes that were written to one stream, one after another. */
export interface OutputRun {
  readonly stream: OutputStream;
  readonly byteLength: number;
}

export interface Fault {
  readonly functionName: string;
  readonly error: PlainError;
}

export interface OutputBatch {
  /** The bytes of all runs, in the order in which they were written. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly runs: readonly OutputRun[];
  readonly faults: readonly Fault[];
  /** How many faults came after these that are only counted. */
  readonly omittedFaults: number;
  /** How much the worker has sent so far, this batch included, as a 32-bit number that wraps around. */
  readonly sent: number;
}

/** Gets each fault. @param omitted how many more followed that are only counted */
export type OnFault = (error: WasiNNError, functionName: string, omitted: number) => void;

/**
 * Makes the word in which the page writes how much it has acknowledged. Page and worker share it where they can share
 * memory; elsewhere each has a copy, and messages keep the worker's current.
 */
export function createAcknowledgement(): Int32Array {
  if (!globalThis.crossOriginIsolated) return new Int32Array(1);
  return new Int32Array(createSharedMemory(Int32Array.BYTES_PER_ELEMENT));
}

/** The page's end: hands on what a batch holds. */
export function deliver(batch: OutputBatch, output: OutputSink, onFault: OnFault): void {
  let start = 0;
  for (const { stream, byteLength } of batch.runs) {
    const end = start + byteLength;
    // Whoever gets them may transfer their buffer.
    output(stream, batch.runs.length === 1 ? batch.bytes : batch.bytes.slice(start, end));
    start = end;
  }
  const last = batch.faults.length - 1;
  for (const [index, { error, functionName }] of batch.faults.entries()) {
    onFault(fromPlainError(error), functionName, index === last ? batch.omittedFaults : 0);
  }
}

/** The page's end: lets the worker send more. */
export function acknowledge(acknowledged: Int32Array, sent: number): void {
  Atomics.store(acknowledged, 0, sent);
  Atomics.notify(acknowledged, 0);
}
