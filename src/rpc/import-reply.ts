import { isObjectWith } from '../standard/is-object-with.js';
import type { PageReply } from './page-reply.js';

/** How a guest calls a function of the page that it imports. */
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

/** No function has more results, or parameters. As text, so many values fit in a {@link PageReply}. */
export const maxImportValues = 1000;

/** Writes the values as text, for a thread that blocks. */
export function toPageReply(reply: ImportReply): PageReply {
  if ('error' in reply) return reply;
  return { bytes: new TextEncoder().encode(JSON.stringify(reply.values.map(toText))) };
}

export function fromPageReply(reply: PageReply): ImportReply {
  if ('error' in reply) return reply;
  const values: unknown = 'bytes' in reply ? JSON.parse(new TextDecoder().decode(reply.bytes)) : undefined;
  return Array.isArray(values) ? { values: values.map(fromText) } : { error: 'the page gave no values' };
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
