import { isUint8Array } from '../standard/brand-checks.js';
import type { ExecutionTarget } from '../standard/graph.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { Conversion } from './cache-key.js';
import type { ConvertedPiece } from './converted-files.js';
import type { CacheNotice } from './model-store.js';
import type { ModelListing, ModelsUsage, OpenModel } from './models.js';
import type { ModelProgress } from './progress.js';
import type { Entries, RegistryOptions } from './registry.js';

/**
 * What the hub and the models worker say to each other. The hub calls the methods `configure` and `models`, the latter with
 * a {@link ModelsOperation}. The worker calls `event`.
 */

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

export type ModelsResult =
  | OpenModel
  | readonly ModelListing[]
  | ModelsUsage
  | ExecutionTarget
  | Uint8Array<ArrayBuffer>
  | boolean
  | undefined;

export function isModelsEvent(data: unknown): data is ModelsEvent {
  return isObjectWith(data, 'type') && ['progress', 'cache'].some((type) => type === data.type);
}

export function isOpenModel(result: unknown): result is OpenModel {
  return isObjectWith(result, 'parts');
}

export function isListing(result: unknown): result is readonly ModelListing[] {
  return Array.isArray(result);
}

export function isUsage(result: unknown): result is ModelsUsage {
  return isObjectWith(result, 'budget');
}

export function isConverted(result: unknown): result is Uint8Array<ArrayBuffer> | undefined {
  return result === undefined || isUint8Array(result);
}

export function isAnswer(result: unknown): result is boolean {
  return typeof result === 'boolean';
}
