import type { ModelListing, ModelsUsage } from '../models/models.js';
import type { ModelProgress } from '../models/progress.js';
import { type Entries, type ModelsTable, parseTable, type RegistryOptions } from '../models/registry.js';
import { createRemoteModels, type RequestModels } from '../models/remote-models.js';
import { baseURL } from './base-url.js';
import { untilAborted } from './until-aborted.js';

export interface PreloadOptions {
  /** Ends the download; what has come stays in the cache, and the next one goes on from there. */
  readonly signal?: AbortSignal;
  onProgress?(progress: ModelProgress): void;
}

/** The registered models, and what the browser keeps of them. */
export interface ModelManager {
  /**
   * Registers models, in place of those of the same names. Graphs that are loaded stay as they are.
   *
   * @throws WasiNNError `invalid-argument` that names the entry and what is wrong with it
   */
  add(models: ModelsTable): void;
  /** All registered models, with what the cache has of each. */
  list(): Promise<ModelListing[]>;
  /**
   * Downloads a model into the cache, unless it is there and current.
   *
   * @throws WasiNNError `not-found` for an unknown name, and where a file cannot be had or kept; the signal's reason
   */
  preload(name: string, options?: PreloadOptions): Promise<void>;
  /** Deletes what the cache has of a model. Graphs that are loaded stay. */
  delete(name: string): Promise<void>;
  /** Deletes all models from the cache. */
  clear(): Promise<void>;
  usage(): Promise<ModelsUsage>;
  /**
   * Asks the browser not to delete this site's storage by itself when it runs short of room; it may ask the visitor.
   *
   * @returns whether it grants that
   */
  persist(): Promise<boolean>;
}

export interface ModelManagerOptions {
  /** The models that are registered at first. */
  readonly registry: RegistryOptions;
  /** Sends a request to the models' thread, which it starts. */
  readonly request: RequestModels;
  /** Sends added entries to the models' thread, where it runs: otherwise it starts with them. */
  addToRunning(entries: Entries): void;
  /** Once this is aborted, every call rejects and no worker starts. */
  readonly disposed: AbortSignal;
}

/** What the page knows of models without asking, and the way to the rest. */
export interface ModelsOfPage {
  readonly models: ModelManager;
  /** All entries that the page has registered. */
  entries(): Entries;
  /** Whether a model may leave its outputs on a device, as far as is known now. */
  outputsMayStay(): boolean;
  onProgress(progress: ModelProgress): void;
}

export function createModelManager({ registry, request, addToRunning, disposed }: ModelManagerOptions): ModelsOfPage {
  const entries = new Map(registry.entries);
  const listeners = new Set<(progress: ModelProgress) => void>();
  const remote = createRemoteModels(request);
  /** Asks the models' thread, for a caller on the page. */
  const ask = <Answer>(question: () => Promise<Answer>) => untilAborted(disposed, question);

  return {
    models: {
      add(models) {
        disposed.throwIfAborted();
        const added = parseTable(models, baseURL());
        for (const [name, entry] of added) entries.set(name, entry);
        addToRunning(added);
      },
      list: () => ask(() => remote.list()),
      preload: (name, { signal, onProgress } = {}) =>
        ask(async () => {
          const listener = (progress: ModelProgress) => progress.name === name && onProgress?.(progress);
          listeners.add(listener);
          await remote.preload(name, signal).finally(() => listeners.delete(listener));
        }),
      delete: (name) => ask(() => remote.delete(name)),
      clear: () => ask(() => remote.clear()),
      usage: () => ask(() => remote.usage()),
      persist: () => ask(async () => (await navigator.storage?.persist?.()) ?? false),
    },
    entries: () => entries,
    // What a document says is not known here.
    outputsMayStay: () =>
      registry.document !== undefined || [...entries.values()].some(({ outputs }) => outputs === 'device'),
    onProgress(progress) {
      for (const listener of listeners) listener(progress);
    },
  };
}
