import type { PlainError } from '../standard/plain-error.js';
import type { OutputBatch } from './output-batch.js';
import type { PreparedGuest } from './prepared-guest.js';
import type { ProgramEnvironment } from './program-environment.js';
import type { Waiting } from './waiting.js';

/** What a page and the worker of one of its guests say to each other. */

/** Something that a guest is asked for; its answer comes back with the same id. */
export type Action =
  | { readonly action: 'call'; readonly name: string; readonly values: readonly unknown[] }
  | { readonly action: 'run' }
  | { readonly action: 'read'; readonly address: number; readonly length: number }
  | { readonly action: 'write'; readonly address: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** What a guest is started with. */
export interface Start {
  readonly prepared: PreparedGuest;
  /** Its way to the engine. */
  readonly port: MessagePort;
  readonly environment: ProgramEnvironment;
  /** Where it writes how many execution contexts it has (`context-word.ts`). */
  readonly contextWord: Int32Array;
  /** How much of its output the page has handled (`output-batch.ts`). */
  readonly acknowledged: Int32Array;
  /** The lock that it holds as long as it lives (`worker-watch.ts`). */
  readonly lock: string;
  /** How a core module waits for the engine; chosen by what the browser can where it is left open. */
  readonly waiting: Waiting | undefined;
}

/** To the guest. `start` comes first, and once. */
export type PageMessage =
  | (Start & { readonly type: 'start' })
  /** The page has handled output, where the guest cannot see that for itself. */
  | { readonly type: 'acknowledge'; readonly sent: number }
  | (Action & { readonly type: 'ask'; readonly id: number });

/** To the page. */
export type GuestMessage =
  /** Its worker has started, and holds its lock. */
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly functions: readonly string[]; readonly hasMemory: boolean }
  | { readonly type: 'refused'; readonly failure: Failure }
  | (OutputBatch & { readonly type: 'output' })
  /** How many execution contexts it has, where the page cannot see that for itself. */
  | { readonly type: 'contexts'; readonly contexts: number }
  | { readonly type: 'answered'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure };

/** How a call failed: with the error that the function's type declares, with an error of this host, or with a trap. */
export type Failure =
  | { readonly kind: 'result'; readonly payload: unknown }
  | { readonly kind: 'error'; readonly error: PlainError }
  | { readonly kind: 'trap'; readonly message: string; readonly stack: string };

export function isPageMessage(data: unknown): data is PageMessage {
  return hasType(data) && ['start', 'acknowledge', 'ask'].some((type) => type === data.type);
}

function hasType(data: unknown): data is { readonly type: unknown } {
  return typeof data === 'object' && data !== null && 'type' in data;
}
