import { isObjectWith } from '../standard/is-object-with.js';
import type { PlainError } from '../standard/plain-error.js';
import type { GuestSource, PreparationOptions, PreparedGuest } from './prepared-guest.js';

/** What a page and its transpiler worker say to each other. Each preparation has an id. */

/** To the transpiler. */
export type PageMessage =
  /** The first message: the lock that the worker holds as long as it lives (`worker-watch.ts`). */
  | { readonly type: 'hold'; readonly lock: string }
  | {
      readonly type: 'prepare';
      readonly id: number;
      readonly source: GuestSource;
      readonly options: PreparationOptions;
    }
  | { readonly type: 'abort'; readonly id: number };

/** To the page. */
export type TranspilerMessage =
  /** The worker has started, and holds its lock. */
  | { readonly type: 'ready' }
  /** The worker reads and transpiles this guest's component. It works on one at a time. */
  | { readonly type: 'working'; readonly id: number }
  | { readonly type: 'prepared'; readonly id: number; readonly guest: PreparedGuest }
  /** The guest cannot be prepared. After an error that leaves jco broken, the worker must be replaced. */
  | { readonly type: 'refused'; readonly id: number; readonly error: PlainError; readonly isBroken: boolean };

export function isPageMessage(data: unknown): data is PageMessage {
  return isObjectWith(data, 'type') && ['hold', 'prepare', 'abort'].some((type) => type === data.type);
}

export function isTranspilerMessage(data: unknown): data is TranspilerMessage {
  return isObjectWith(data, 'type') && ['ready', 'working', 'prepared', 'refused'].some((type) => type === data.type);
}
