import { isUint8Array } from '../standard/brand-checks.js';
import type { ExecutionTarget } from '../standard/graph.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { PlainError } from '../standard/plain-error.js';
import type { Conversion } from './cache-key.js';
import type { ConvertedPiece } from './converted-files.js';
import type { CacheNotice } from './model-store.js';
import type { ModelListing, ModelsUsage, OpenModel } from './models.js';
import type { ModelProgress } from './progress.js';
import type { Entries, RegistryOptions } from './registry.js';

/**
 * What is said to the models worker and by it. A page tells it, by the worker's own channel, how to be and who comes
 * ({@link ModelsPageMessage}), and hears of what happens ({@link ModelsEvent}). Whoever has a port to it, the page or
 * the engine worker, gets one {@link ModelsReply} for each {@link ModelsRequest} with the same id, in any order.
 */

export type ModelsPageMessage =
  /** The lock is the one that the worker holds as long as it lives (`worker-watch.ts`). */
  | { readonly type: 'configure'; readonly configuration: ModelsConfiguration; readonly lock: string }
  | { readonly type: 'connect'; readonly port: MessagePort };

/** From the models worker to the page: it has started, and holds its lock. */
export interface ModelsReady {
  readonly type: 'ready';
}

export interface ModelsConfiguration {
  readonly registry: RegistryOptions;
  /** How many bytes of models may be kept; 0 keeps none. */
  readonly budget: number;
}

export type ModelsEvent = ({ readonly type: 'progress' } & ModelProgress) | ({ readonly type: 'cache' } & CacheNotice);

export type ModelsOperation =
  | { readonly operation: 'open' | 'targetOf' | 'forget' | 'preload' | 'delete'; readonly name: string }
  | { readonly operation: 'list' | 'clear' | 'usage' }
  | { readonly operation: 'findConverted'; readonly conversion: Conversion }
  | { readonly operation: 'keepConverted'; readonly conversion: Conversion; readonly piece: ConvertedPiece }
  | { readonly operation: 'add'; readonly entries: Entries };

export type ModelsRequest = ModelsOperation & { readonly id: number };

/** Ends the request of this id, where it is still under way. */
export interface ModelsAbort {
  readonly abort: number;
}

export type ModelsResult =
  | OpenModel
  | readonly ModelListing[]
  | ModelsUsage
  | ExecutionTarget
  | Uint8Array<ArrayBuffer>
  | boolean
  | undefined;

export type ModelsReply = { readonly id: number } & (
  | { readonly result: ModelsResult }
  | { readonly error: PlainError }
);

export function isModelsPageMessage(data: unknown): data is ModelsPageMessage {
  return isObjectWith(data, 'type') && ['configure', 'connect'].some((type) => type === data.type);
}

export function isModelsEvent(data: unknown): data is ModelsEvent {
  return isObjectWith(data, 'type') && ['progress', 'cache'].some((type) => type === data.type);
}

export function isModelsReady(data: unknown): data is ModelsReady {
  return isObjectWith(data, 'type') && data.type === 'ready';
}

export function isModelsRequest(data: unknown): data is ModelsRequest {
  return isObjectWith(data, 'id') && typeof data.id === 'number' && 'operation' in data;
}

export function isModelsAbort(data: unknown): data is ModelsAbort {
  return isObjectWith(data, 'abort') && typeof data.abort === 'number';
}

export function isModelsReply(data: unknown): data is ModelsReply {
  return isObjectWith(data, 'id') && typeof data.id === 'number' && ('result' in data || 'error' in data);
}

export function isOpenModel(result: ModelsResult): result is OpenModel {
  return isObjectWith(result, 'parts');
}

export function isListing(result: ModelsResult): result is readonly ModelListing[] {
  return Array.isArray(result);
}

export function isUsage(result: ModelsResult): result is ModelsUsage {
  return isObjectWith(result, 'budget');
}

export function isConverted(result: ModelsResult): result is Uint8Array<ArrayBuffer> | undefined {
  return result === undefined || isUint8Array(result);
}

export function isAnswer(result: ModelsResult): result is boolean {
  return typeof result === 'boolean';
}
