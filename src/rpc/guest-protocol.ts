import { isObjectWith } from '../standard/is-object-with.js';
import type { PlainError } from '../standard/plain-error.js';
import type { Mailbox } from './mailbox.js';
import type { PreparedGuest } from './prepared-guest.js';
import type { ProgramEnvironment } from './program-environment.js';
import type { Waiting } from './waiting.js';

/**
 * What a page and the worker of one of its guests request of each other (`rpc.ts`). The page requests `start` first, and
 * once, with {@link Start}, and then `perform` with an {@link Action}. Each answers with an {@link Outcome}: the error of an
 * RPC has no room for a payload or a stack. The page notifies the worker of `acknowledge` where the worker cannot see for
 * itself how much of its output the page has handled. The worker notifies the page of `ready` when it holds its lock, of
 * `output` with an `OutputBatch`, and of `contexts` where the page cannot see for itself how many there are. It requests
 * `callImport` and `readInput` of the page, or notifies it of `callImportBlocking` and `readInputBlocking` (`page-reply.ts`).
 */

/** Something that a guest is asked for. */
export type Action =
  | { readonly action: 'call'; readonly name: string; readonly values: readonly unknown[] }
  | { readonly action: 'run' }
  | { readonly action: 'read'; readonly address: number; readonly length: number }
  | { readonly action: 'write'; readonly address: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** What a guest is started with. */
export interface Start {
  readonly prepared: PreparedGuest;
  /** Its way to the hub. */
  readonly port: MessagePort;
  /** Through which it reaches the hub where its thread blocks. */
  readonly mailbox: Mailbox | undefined;
  readonly environment: ProgramEnvironment;
  /** Where it writes how many execution contexts it has (`context-counter.ts`). */
  readonly contextWord: Int32Array;
  /** How much of its output the page has handled (`output-batch.ts`). */
  readonly acknowledged: Int32Array;
  /** Where the page writes what a blocked thread waits for (`page-reply.ts`), where it provides such and shares memory. */
  readonly replies: Int32Array | undefined;
  /** The lock that it holds as long as it lives (`worker-watch.ts`). */
  readonly lock: string;
  /** How a core module waits for the hub; chosen by what the browser can where it is left open. */
  readonly waiting: Waiting | undefined;
}

/** What a guest has that was started. */
export interface Started {
  readonly functions: readonly string[];
  readonly hasMemory: boolean;
}

export type Outcome = { readonly value: unknown } | { readonly failure: Failure };

/** How a call failed: with the error that the function's type declares, with an error of this host, or with a trap. */
export type Failure =
  | { readonly kind: 'result'; readonly payload: unknown }
  | { readonly kind: 'error'; readonly error: PlainError }
  | { readonly kind: 'trap'; readonly message: string; readonly stack: string };

export function isStart(parameters: unknown): parameters is Start {
  return isObjectWith(parameters, 'prepared') && isObjectWith(parameters, 'port');
}

export function isAction(parameters: unknown): parameters is Action {
  return isObjectWith(parameters, 'action');
}
