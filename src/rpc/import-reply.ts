import { isObjectWith } from '../standard/is-object-with.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * How a guest calls the functions of the page that it imports. The guest's worker requests `callImport` of the page with an
 * {@link ImportCall}. A worker whose thread blocks cannot receive a response: it notifies the page of `callImportBlocking`, and
 * waits on memory that it shares with the page, where the page writes the {@link ImportReply}.
 */
export interface ImportCall {
  readonly module: string;
  readonly name: string;
  readonly values: readonly WasmValue[];
}

/** A number of WebAssembly; a bigint for an i64. */
export type WasmValue = number | bigint;

/** What a function of the page returned: one value for each result of the import's type. */
export type ImportReply = { readonly values: readonly WasmValue[] } | { readonly error: string };

export function isImportReply(reply: unknown): reply is ImportReply {
  return (isObjectWith(reply, 'values') && Array.isArray(reply.values)) || isObjectWith(reply, 'error');
}

/** No function has more results, or parameters. */
export const maxImportValues = 1000;

const headerBytes = 8;
const replyBytes = 64 << 10;

/** Word 0 is 1 while a reply is there. Word 1 is its length in bytes. */
export function createReplyMemory(): Int32Array | undefined {
  return globalThis.crossOriginIsolated ? new Int32Array(createSharedMemory(replyBytes)) : undefined;
}

/** The page's end. */
export function writeReply(memory: Int32Array, reply: ImportReply): void {
  const text = 'error' in reply ? { error: reply.error.slice(0, 4096) } : { values: reply.values.map(toText) };
  const bytes = new TextEncoder().encode(JSON.stringify(text));
  new Uint8Array(memory.buffer, headerBytes).set(bytes);
  Atomics.store(memory, 1, bytes.byteLength);
  Atomics.store(memory, 0, 1);
  Atomics.notify(memory, 0);
}

/** The guest's end: blocks the thread until the page has replied. */
export function waitForReply(memory: Int32Array): ImportReply {
  while (Atomics.load(memory, 0) === 0) Atomics.wait(memory, 0, 0);
  const bytes = new Uint8Array(memory.buffer, headerBytes, Atomics.load(memory, 1)).slice();
  Atomics.store(memory, 0, 0);
  const reply: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (isObjectWith(reply, 'values') && Array.isArray(reply.values)) return { values: reply.values.map(fromText) };
  return { error: isObjectWith(reply, 'error') ? String(reply.error) : 'the page gave no reply' };
}

/** JSON has neither bigints nor all numbers. */
function toText(value: WasmValue): string {
  if (typeof value === 'bigint') return `${value}n`;
  return Object.is(value, -0) ? '-0' : String(value);
}

function fromText(text: unknown): WasmValue {
  const [, digits] = /^(-?\d+)n$/.exec(String(text)) ?? [];
  return digits === undefined ? Number(text) : BigInt(digits);
}
