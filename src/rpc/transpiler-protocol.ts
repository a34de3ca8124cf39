import { isObjectWith } from '../standard/is-object-with.js';
import type { GuestSource, PreparationOptions, PreparedGuest } from './prepared-guest.js';

/**
 * What a page and its transpiler worker request of each other (`rpc.ts`). The page requests `hold`, once, with the name of
 * the lock that the worker holds as long as it lives, and then `prepare` with a {@link Preparation}, which answers with a
 * {@link PreparedGuest}. The worker notifies the page of `working`, with the number of the preparation whose component it
 * begins to transpile, one at a time, and of `broken` after an error that leaves jco unusable.
 */
export interface Preparation {
  readonly id: number;
  readonly source: GuestSource;
  readonly options: PreparationOptions;
}

export function isPreparation(parameters: unknown): parameters is Preparation {
  return isObjectWith(parameters, 'id') && isObjectWith(parameters, 'source') && isObjectWith(parameters, 'options');
}

export function isPreparedGuest(result: unknown): result is PreparedGuest {
  return isObjectWith(result, 'kind') && (result.kind === 'module' || result.kind === 'component');
}
