import {
  type ImportCall,
  type ImportReply,
  maxImportValues,
  toPageReply,
  type WasmValue,
} from '../rpc/import-reply.js';
import { createReplyMemory, type PageReply, writeReply } from '../rpc/page-reply.js';
import { messageOf, quote, WasiNNError } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { InputSource } from './standard-input.js';

/**
 * A function of the page that a core module imports. It takes numbers, an i64 as a bigint, and returns what the import's type
 * says: nothing, a number, or an array where that has several results. The guest waits for a promise.
 */
export type ImportedFunction = (...values: never[]) => ImportResult | PromiseLike<ImportResult>;

// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is one of these.
export type ImportResult = WasmValue | readonly WasmValue[] | undefined | void;

/** Functions by the modules and the names that a core module imports them by: `{ bench: { start() {}, end() {} } }`. */
export type GuestImports = Readonly<Record<string, Readonly<Record<string, ImportedFunction>>>>;

/** The functions that a page provides, checked. */
export interface PageImports {
  /** Their names by modules, for the guest's worker. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Calls one. What it throws becomes the error of the reply. */
  call(call: ImportCall): Promise<ImportReply>;
}

/** What this library provides. */
const ownModules = ['wasi_snapshot_preview1', 'wasi_ephemeral_nn', 'wasi_nn'];

/** @throws WasiNNError `invalid-argument` for what is no function, and for modules that the library provides itself */
export function parseImports(imports: GuestImports): PageImports {
  const functions = new Map<string, ReadonlyMap<string, AnyFunction>>();
  for (const [module, members] of Object.entries(imports)) {
    if (ownModules.includes(module)) {
      throw invalid(`${quote(module)} is what this library provides, and cannot be replaced`);
    }
    if (typeof members !== 'object' || members === null)
      throw invalid(`${quote(module)} must be an object of functions`);
    functions.set(
      module,
      new Map(Object.entries(members).map(([name, member]) => [name, expectFunction(module, name, member)])),
    );
  }
  return {
    names: new Map(Array.from(functions, ([module, members]) => [module, [...members.keys()]])),
    async call({ module, name, values }) {
      try {
        const imported = functions.get(module)?.get(name);
        if (!imported) throw new Error('the page has no such function');
        return { values: toValues(await imported(...values)) };
      } catch (cause) {
        return { error: `${module}.${name}: ${messageOf(cause)}` };
      }
    },
  };
}

type AnyFunction = (...values: readonly unknown[]) => unknown;

function expectFunction(module: string, name: string, member: unknown): AnyFunction {
  if (typeof member === 'function') return (...values) => Reflect.apply(member, undefined, values);
  throw invalid(`${quote(`${module}.${name}`)} must be a function, not ${member === null ? 'null' : typeof member}`);
}

function toValues(result: unknown): WasmValue[] {
  if (result === undefined) return [];
  const values: readonly unknown[] = Array.isArray(result) ? result : [result];
  if (values.length <= maxImportValues && values.every(isWasmValue)) {
    return values.map((value) => (typeof value === 'bigint' ? BigInt.asIntN(64, value) : value));
  }
  throw new TypeError('expected nothing, a number, a bigint, or an array of these');
}

/** The page's end of the calls that a guest's worker makes. */
export interface ImportService {
  /** Where the replies for a thread that blocks are written, for the worker. */
  readonly replies: Int32Array | undefined;
  readonly handlers: {
    callImport(data: unknown): Promise<ImportReply>;
    callImportBlocking(data: unknown): Promise<void>;
    readInput(): Promise<PageReply>;
    readInputBlocking(): Promise<void>;
  };
  /** @throws WasiNNError `unsupported-operation` while the guest's thread waits for the page, which would wait for the guest */
  refuseWhileBlocked(): void;
}

/** @param input the standard input, where the page provides it piece by piece */
export function serveImports(imports: PageImports, input: InputSource | undefined): ImportService {
  const replies = imports.names.size > 0 || input ? createReplyMemory() : undefined;
  let blocking = 0;

  async function callImport(data: unknown): Promise<ImportReply> {
    const call = parseImportCall(data);
    return call ? imports.call(call) : { error: 'the page cannot read this call' };
  }

  async function readInput(): Promise<PageReply> {
    return input ? input.next() : { end: true };
  }

  /** Writes the reply for a thread that blocks until it is there. */
  async function unblock(getReply: () => Promise<PageReply>): Promise<void> {
    blocking++;
    const reply = await getReply();
    blocking--;
    if (replies) writeReply(replies, reply);
  }

  return {
    replies,
    handlers: {
      callImport,
      readInput,
      callImportBlocking: (data) => unblock(async () => toPageReply(await callImport(data))),
      readInputBlocking: () => unblock(readInput),
    },
    refuseWhileBlocked() {
      if (blocking === 0) return;
      throw new WasiNNError(
        'unsupported-operation',
        "memory: the guest's thread is blocked while it waits for the page: use its memory before or after, or instantiate the guest with waiting: 'suspend'",
      );
    },
  };
}

/** Reads a request of a guest's worker, which may be under the guest's control. */
export function parseImportCall(data: unknown): ImportCall | undefined {
  if (!isObjectWith(data, 'module') || !isObjectWith(data, 'name') || !isObjectWith(data, 'values')) return undefined;
  const { module, name, values } = data;
  if (typeof module !== 'string' || typeof name !== 'string' || !Array.isArray(values)) return undefined;
  return values.length <= maxImportValues && values.every(isWasmValue) ? { module, name, values } : undefined;
}

function isWasmValue(value: unknown): value is WasmValue {
  return typeof value === 'number' || typeof value === 'bigint';
}

function invalid(reason: string): WasiNNError {
  return new WasiNNError('invalid-argument', `imports: ${reason}`);
}
