import { isObjectWith } from '../standard/is-object-with.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * How a guest reads a standard input that the page provides piece by piece. The guest's worker requests `readInput` of the
 * page. A worker whose thread blocks cannot receive a response: it notifies the page of `readInputBlocking`, and waits on
 * memory that it shares with the page, where the page writes the {@link InputReply}.
 */
export type InputReply =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly error: string }
  | { readonly end: true };

/** The most bytes of one piece. */
export const maxPieceBytes = 64 << 10;

/** The most UTF-16 code units of an error. */
const maxErrorLength = 4096;

const state = 0;
const kind = 1;
const length = 2;
const headerBytes = 12;

const kinds = { end: 0, bytes: 1, error: 2 } as const;

export function isInputReply(reply: unknown): reply is InputReply {
  if (isObjectWith(reply, 'bytes')) return reply.bytes instanceof Uint8Array;
  return (isObjectWith(reply, 'error') && typeof reply.error === 'string') || isObjectWith(reply, 'end');
}

/** The first word is 1 while a reply is there. Then come its kind and its length in bytes. */
export function createInputMemory(): Int32Array | undefined {
  return globalThis.crossOriginIsolated ? new Int32Array(createSharedMemory(headerBytes + maxPieceBytes)) : undefined;
}

/** The page's end. */
export function writeInput(memory: Int32Array, reply: InputReply): void {
  const bytes = contentOf(reply);
  new Uint8Array(memory.buffer, headerBytes).set(bytes);
  Atomics.store(memory, kind, 'bytes' in reply ? kinds.bytes : 'error' in reply ? kinds.error : kinds.end);
  Atomics.store(memory, length, bytes.byteLength);
  Atomics.store(memory, state, 1);
  Atomics.notify(memory, state);
}

function contentOf(reply: InputReply): Uint8Array {
  if ('bytes' in reply) return reply.bytes;
  return new TextEncoder().encode('error' in reply ? reply.error.slice(0, maxErrorLength) : '');
}

/** The guest's end: blocks the thread until the page has replied. */
export function waitForInput(memory: Int32Array): InputReply {
  while (Atomics.load(memory, state) === 0) Atomics.wait(memory, state, 0);
  const bytes = new Uint8Array(memory.buffer, headerBytes, Atomics.load(memory, length)).slice();
  const came = Atomics.load(memory, kind);
  Atomics.store(memory, state, 0);
  if (came === kinds.bytes) return { bytes };
  return came === kinds.error ? { error: new TextDecoder().decode(bytes) } : { end: true };
}
