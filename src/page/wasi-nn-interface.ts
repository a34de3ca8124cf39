import type { ModelsUsage } from '../models/models.js';
import type { EngineStats } from '../rpc/events.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import type { WasiNNEventMap } from './events.js';
import type { Graph } from './graph.js';
import type { Guest, GuestExports } from './guest-interface.js';
import type { GuestInput } from './guest-source.js';
import type { ModelManager } from './model-manager.js';
import type { EnvironmentOptions, RunResult } from './run.js';

export interface WasiNNStats extends EngineStats {
  /**
   * The execution contexts that guests have. Those of a guest on a page that is not cross-origin isolated: as of when the
   * guest last answered the page, or its thread came to its event loop.
   */
  readonly contexts: number;
  readonly cache: ModelsUsage;
}

/** How a page loads a model from its parts. */
export interface PageLoadOptions {
  /** Default `autodetect`. */
  readonly encoding?: GraphEncoding;
  /** Default `cpu`. */
  readonly target?: ExecutionTarget;
  /** Gives the load up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** wasi-nn for one page: its engines, and the guests that use them. */
export interface WasiNN extends EventTarget {
  readonly models: ModelManager;
  /**
   * Starts a library, a component or a core module, in a worker of its own.
   *
   * @typeParam Exports the exported functions as the guest's author knows them; nothing checks that it is so
   * @throws WasiNNError where the source is no guest, or needs what is not there; its message says what
   */
  instantiate<Exports extends object = GuestExports>(
    source: GuestInput,
    options?: EnvironmentOptions,
  ): Promise<Guest<Exports>>;
  /**
   * Runs a program to its end: a component that exports `wasi:cli/run`, or a core module with `_start`.
   *
   * @throws WasiNNError as `instantiate`; GuestTrap when the program traps
   */
  run(source: GuestInput, options?: EnvironmentOptions): Promise<RunResult>;
  /**
   * Loads a registered model for the page itself, without a guest.
   *
   * @param options `signal` gives the load up; a download ends where nobody else waits for it
   * @throws WasiNNError as a guest's `load-by-name`; the signal's reason
   */
  loadByName(name: string, options?: { readonly signal?: AbortSignal }): Promise<Graph>;
  /**
   * Loads a model from its parts, as `loadByName`.
   *
   * @param parts its files, in the order of its encoding; they are copied
   * @throws WasiNNError as a guest's `load`; the signal's reason
   */
  load(parts: readonly (Uint8Array<ArrayBuffer> | Blob)[], options?: PageLoadOptions): Promise<Graph>;
  /** What the engines have at the moment, and the browser's storage for models. One that is busy answers afterwards. */
  stats(): Promise<WasiNNStats>;
  /**
   * Ends all guests, the engines and downloads, for good: what is under way and every later call rejects (`models.add`
   * throws) with a WasiNNError `runtime-error`. The removal of the page or frame does the same. Disposing twice
   * is harmless.
   */
  dispose(): void;
  [Symbol.dispose](): void;

  addEventListener<Type extends keyof WasiNNEventMap>(
    type: Type,
    listener: (event: WasiNNEventMap[Type]) => void,
    options?: AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: AddEventListenerOptions): void;
  removeEventListener<Type extends keyof WasiNNEventMap>(
    type: Type,
    listener: (event: WasiNNEventMap[Type]) => void,
    options?: EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: EventListenerOptions): void;
}
