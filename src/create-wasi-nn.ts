import type { EngineEvent, FallbackEvent, LoadEvent, ProgressEvent } from './engine/engine.js';
import type { EngineLink } from './engine/link.js';
import { createMessageLink } from './engine/message-link.js';
import { type RemoteEngine, startEngine } from './engine/remote-engine.js';
import { type Guest, type GuestExports, type StartedGuest, startGuest } from './guest/guest.js';
import type { GuestSource } from './guest/protocol.js';
import { createRegistry, type ModelsOption } from './models/registry.js';
import { WasiNNError } from './standard/error.js';

export interface WasiNNOptions {
  /** What guests may load by name: `{ squeezenet: 'models/squeezenet.onnx' }`. Default: nothing. */
  readonly models?: ModelsOption;
  /**
   * Whether WebGPU may run on a software adapter, which is far slower than WebAssembly. Default: no, the graph falls
   * back to WebAssembly. For tests.
   */
  readonly allowSoftwareAdapter?: boolean;
}

/** What happens in the engine; `detail` tells the particulars. */
export interface WasiNNEventMap {
  /** A graph was loaded, and where it runs. */
  load: CustomEvent<LoadEvent>;
  /** A graph runs elsewhere than it was asked to, and why. */
  fallback: CustomEvent<FallbackEvent>;
  /** A model is on its way. */
  progress: CustomEvent<ProgressEvent>;
}

/** wasi-nn for one page: an engine, and the guests that use it. */
export interface WasiNN extends EventTarget {
  /**
   * Runs a component, in a worker of its own.
   *
   * @param source the component: a URL (resolved against the page), a Response, a Blob or the bytes
   * @typeParam Exports the component's exported functions as its author knows them; nothing checks that it is so
   * @throws WasiNNError where the source is no component, or needs what is not there; its message says what
   */
  instantiate<Exports extends object = GuestExports>(
    source: string | URL | Response | Blob | BufferSource,
  ): Promise<Guest<Exports>>;
  /** Opens a link to the engine for code on the page. */
  connect(): EngineLink;
  /** Ends all guests and the engine. */
  dispose(): void;

  addEventListener<Type extends keyof WasiNNEventMap>(
    type: Type,
    listener: (event: WasiNNEventMap[Type]) => void,
    options?: AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: AddEventListenerOptions): void;
}

/**
 * Makes wasi-nn available to guests. The engine starts with the first of them.
 *
 * @throws WasiNNError `invalid-argument` for a registry entry that is not in order
 */
export function createWasiNN({ models = {}, allowSoftwareAdapter = false }: WasiNNOptions = {}): WasiNN {
  const registry = createRegistry(models, document.baseURI);
  const events = new EventTarget();
  const guests = new Set<StartedGuest<object>>();
  let engine: RemoteEngine | undefined;

  const onEvent = (event: EngineEvent) => events.dispatchEvent(new CustomEvent(event.type, { detail: event }));

  /** An engine that failed takes its guests along; the next guest gets a new one. */
  function stop(cause: WasiNNError): void {
    engine?.dispose();
    engine = undefined;
    for (const guest of [...guests]) guest.fail(cause);
  }

  function running(): RemoteEngine {
    engine ??= startEngine({ registry, allowSoftwareAdapter, onEvent, onFailure: stop });
    return engine;
  }

  return Object.assign(events, {
    async instantiate<Exports extends object = GuestExports>(source: string | URL | Response | Blob | BufferSource) {
      const guestSource = await toGuestSource(source);
      const started = startGuest<Exports>(guestSource, running().connect(), () => guests.delete(started));
      guests.add(started);
      return started.guest;
    },
    connect: () => createMessageLink(running().connect().port),
    dispose: () => stop(new WasiNNError('runtime-error', 'wasi-nn has been disposed of on this page: create it again')),
  });
}

async function toGuestSource(source: string | URL | Response | Blob | BufferSource): Promise<GuestSource> {
  if (typeof source === 'string' || source instanceof URL) return { url: new URL(source, document.baseURI).href };
  if (source instanceof Response && !source.ok) {
    throw new WasiNNError('not-found', `instantiate: ${source.url} answered ${source.status} ${source.statusText}`);
  }
  if (source instanceof Response || source instanceof Blob)
    return { bytes: new Uint8Array(await source.arrayBuffer()) };
  const view = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  return { bytes: view.slice() };
}
