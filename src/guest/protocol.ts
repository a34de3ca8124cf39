import type { PlainError } from '../engine/protocol.js';

/** What a page and the worker of one of its guests say to each other. */

export type GuestSource = { readonly url: string } | { readonly bytes: Uint8Array<ArrayBuffer> };

/** To the guest. `start` comes first, and once; a call's `id` comes back with its answer. */
export type PageMessage =
  | { readonly type: 'start'; readonly source: GuestSource; readonly port: MessagePort }
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly values: readonly unknown[] };

/** To the page. */
export type GuestMessage =
  | { readonly type: 'started'; readonly functions: readonly string[] }
  | { readonly type: 'refused'; readonly error: PlainError }
  | { readonly type: 'returned'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure };

/** How a call failed: with the error that the function's type declares, or with a trap. */
export type Failure =
  | { readonly kind: 'result'; readonly payload: unknown }
  | { readonly kind: 'trap'; readonly message: string; readonly stack: string };

export function isPageMessage(data: unknown): data is PageMessage {
  return hasType(data) && (data.type === 'start' || data.type === 'call');
}

export function isGuestMessage(data: unknown): data is GuestMessage {
  return hasType(data) && ['started', 'refused', 'returned', 'failed'].some((type) => type === data.type);
}

function hasType(data: unknown): data is { readonly type: unknown } {
  return typeof data === 'object' && data !== null && 'type' in data;
}
