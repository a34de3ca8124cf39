import { isObjectWith } from '../standard/is-object-with.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * What a guest's worker gets from the page: the next piece of a standard input that the page provides, its end, or an error.
 * The result of a function that the guest imports from the page comes as bytes too (`import-reply.ts`).
 *
 * The worker requests `readInput` or `callImport` of the page. A worker whose thread blocks cannot receive a response: it
 * notifies the page of `readInputBlocking` or `callImportBlocking`, and waits on memory that it shares with the page, where the
 * page writes the reply. A blocked thread waits for one reply at a time, so one memory serves both.
 */
export type PageReply =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly error: string }
  | { readonly end: true };

/** The most bytes of one reply. */
export const maxReplyBytes = 64 << 10;

/** The most UTF-16 code units of an error. */
const maxErrorLength = 4096;

/** The words of the memory. The first is 1 while a reply is there. */
const state = 0;
const kind = 1;
const length = 2;
const headerBytes = 12;

const kinds = { end: 0, bytes: 1, error: 2 } as const;

export function isPageReply(reply: unknown): reply is PageReply {
  if (isObjectWith(reply, 'bytes')) return reply.bytes instanceof Uint8Array;
  return (isObjectWith(reply, 'error') && typeof reply.error === 'string') || isObjectWith(reply, 'end');
}

/** @returns undefined on a page that is not cross-origin isolated, where threads share no memory */
export function createReplyMemory(): Int32Array | undefined {
  return globalThis.crossOriginIsolated ? new Int32Array(createSharedMemory(headerBytes + maxReplyBytes)) : undefined;
}

/** The page's end. */
export function writeReply(memory: Int32Array, reply: PageReply): void {
  const bytes = contentOf(reply);
  new Uint8Array(memory.buffer, headerBytes).set(bytes);
  Atomics.store(memory, kind, 'bytes' in reply ? kinds.bytes : 'error' in reply ? kinds.error : kinds.end);
  Atomics.store(memory, length, bytes.byteLength);
  Atomics.store(memory, state, 1);
  Atomics.notify(memory, state);
}

function contentOf(reply: PageReply): Uint8Array {
  if ('bytes' in reply) return reply.bytes;
  return new TextEncoder().encode('error' in reply ? reply.error.slice(0, maxErrorLength) : '');
}

/** The guest's end: blocks the thread until the page has replied. */
export function waitForReply(memory: Int32Array): PageReply {
  while (Atomics.load(memory, state) === 0) Atomics.wait(memory, state, 0);
  const bytes = new Uint8Array(memory.buffer, headerBytes, Atomics.load(memory, length)).slice();
  const came = Atomics.load(memory, kind);
  Atomics.store(memory, state, 0);
  if (came === kinds.bytes) return { bytes };
  return came === kinds.error ? { error: new TextDecoder().decode(bytes) } : { end: true };
}
