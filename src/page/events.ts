import type { ModelsEvent } from '../models/protocol.js';
import type { FallbackEvent, LoadEvent, MeasureEvent, ReplaceEvent } from '../rpc/events.js';
import type { WasiNNError } from '../standard/error.js';

/** An error that wasi-nn, or a standard input of the page, answered a guest with. A core module learns its number alone. */
export interface FaultEvent {
  readonly type: 'fault';
  /** The function that failed, as the guest's ABI names it: `set_input`, or `set-input` for a component. `stdin` for the input. */
  readonly functionName: string;
  readonly error: WasiNNError;
  /** How many more errors of the guest followed so soon that they are only counted; mostly 0. */
  readonly omitted: number;
}

/** A model is on its way. */
export type ProgressEvent = Extract<ModelsEvent, { readonly type: 'progress' }>;

export type CacheEvent = Extract<ModelsEvent, { readonly type: 'cache' }>;

/** What happens in the engine and its guests; `detail` has the particulars. */
export interface WasiNNEventMap {
  /** A graph was loaded, and where it runs. */
  load: CustomEvent<LoadEvent>;
  /** A graph runs elsewhere than it was asked to, and why. */
  fallback: CustomEvent<FallbackEvent>;
  /** A graph was loaded or computed, and how long that took; where `measure` is set. */
  measure: CustomEvent<MeasureEvent>;
  /** A model is on its way. */
  progress: CustomEvent<ProgressEvent>;
  /** A model could not be kept for the next visit, or what was kept was damaged; it can be used all the same. */
  cache: CustomEvent<CacheEvent>;
  /** An engine was ended and another takes over: a call took too long, or the engine broke down. */
  replace: CustomEvent<ReplaceEvent>;
  /** A function of wasi-nn answered a guest with an error. */
  fault: CustomEvent<FaultEvent>;
}
