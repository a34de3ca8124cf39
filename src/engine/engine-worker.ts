import { createOnnxBackend } from '../backends/onnx/onnx.js';
import { openModelCache } from '../models/cache.js';
import { createModels } from '../models/models.js';
import { createEngine, type Engine, type EngineConnection, type EngineEvent } from './engine.js';
import { type EngineConfiguration, type EngineMessage, isPageMessage } from './protocol.js';
import { serve } from './serve.js';
import { createTurnRecorder } from './turns.js';

/** The engine's own thread: inference and downloads happen here, away from the page and from the guests. */

interface ConnectedGuest {
  readonly port: MessagePort;
  readonly connection: EngineConnection;
}

const guests = new Map<number, ConnectedGuest>();
let engine: Engine | undefined;

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (!isPageMessage(data)) return;
  switch (data.type) {
    case 'configure':
      engine = configure(data.configuration);
      holdWhileAlive(data.configuration.lifeLock, () => tell({ type: 'ready' }));
      return;
    case 'connect':
      connect(data.guest, data.port);
      return;
    case 'disconnect':
      disconnect(data.guest);
  }
});

function configure({ registry, allowSoftwareAdapter, limits, board }: EngineConfiguration): Engine {
  const models = createModels({
    registry,
    cache: openModelCache(),
    onProgress: (progress) => emit({ type: 'progress', ...progress }),
  });
  const turns = createTurnRecorder(
    board,
    (place, words) => tell({ type: 'turn', place, words }),
    () => tell({ type: 'busy' }),
  );
  return createEngine({
    backends: [createOnnxBackend({ allowSoftwareAdapter })],
    models,
    limits,
    turns,
    onEvent: emit,
  });
}

/** Takes a lock that nothing but the end of this thread gives back; where there are no locks, nothing tells of that. */
function holdWhileAlive(lock: string, onHeld: () => void): void {
  const hold = () => {
    onHeld();
    return new Promise(() => undefined);
  };
  // Refused where storage is, as in a sandboxed frame.
  if ('locks' in navigator) navigator.locks.request(lock, hold).catch(onHeld);
  else onHeld();
}

function connect(guest: number, port: MessagePort): void {
  const connection = engine?.connect(guest);
  if (!connection) return;
  guests.set(guest, { port, connection });
  serve(port, connection);
}

function disconnect(guest: number): void {
  const { port, connection } = guests.get(guest) ?? {};
  guests.delete(guest);
  port?.close();
  // Nobody is left to hear that a graph could not be given back.
  connection?.close().catch(() => undefined);
}

function emit(event: EngineEvent): void {
  tell({ type: 'event', event });
}

function tell(message: EngineMessage): void {
  globalThis.postMessage(message);
}
