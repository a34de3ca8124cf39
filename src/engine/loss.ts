import { WasiNNError } from '../standard/error.js';
import { fromPlainError, type PlainError } from './protocol.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * How a guest learns that its engine is gone: by a message, or, where its thread blocks, by its mailbox that is closed
 * and a notice beside it, which only the page writes to. (A thread that is ended may go on for a moment, and write to
 * the mailbox in the meantime.)
 */

/** What became of a call that the engine worked on when it ended. All other calls may be made again. */
export interface FailedCall {
  /** The guest's number for the call. */
  readonly call: number;
  readonly error: PlainError;
}

/** Thrown for a call that only waited when the engine ended: it can be made again. */
export class EngineLost extends WasiNNError {
  constructor() {
    super('runtime-error', 'the engine was replaced while the call was under way: call again');
  }
}

/** What a call ends with when its engine is gone. */
export function lossOf(call: number, failed: readonly FailedCall[]): WasiNNError {
  const failure = failed.find((candidate) => candidate.call === call);
  return failure ? fromPlainError(failure.error) : new EngineLost();
}

/** A notice is its length (u32) and JSON in UTF-8. */
const noticeBytes = 1 << 16;

export function createNotice(): SharedArrayBuffer {
  return createSharedMemory(noticeBytes);
}

/** The page's end. To be written before the mailbox is closed. */
export function writeNotice(notice: SharedArrayBuffer, failed: readonly FailedCall[]): void {
  const text = new TextEncoder().encode(JSON.stringify(failed));
  new Uint8Array(notice, Uint32Array.BYTES_PER_ELEMENT).set(text);
  new Uint32Array(notice, 0, 1)[0] = text.byteLength;
}

/** The guest's end. */
export function readNotice(notice: SharedArrayBuffer): readonly FailedCall[] {
  const [length = 0] = new Uint32Array(notice, 0, 1);
  const text = new Uint8Array(notice, Uint32Array.BYTES_PER_ELEMENT, length).slice();
  const failed: unknown = JSON.parse(new TextDecoder().decode(text) || '[]');
  return isFailedCalls(failed) ? failed : [];
}

export function isFailedCalls(data: unknown): data is readonly FailedCall[] {
  return Array.isArray(data) && data.every((entry) => typeof entry?.call === 'number' && 'error' in entry);
}
