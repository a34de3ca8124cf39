import { createEchoBackend } from '../backends/echo.js';
import { createImportedBackends } from '../backends/imported/imported.js';
import { createOnnxBackend } from '../backends/onnx/onnx.js';
import { createOutsideBackend } from '../backends/outside.js';
import { createTfliteBackend } from '../backends/tflite/tflite.js';
import { removeProtoAccessor } from '../standard/proto-accessor.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { createEngine, type Engine, type EngineConnection } from './engine.js';
import { createModelsLine } from './models-line.js';
import { type EngineConfiguration, type EngineMessage, fromPlainError, isPageMessage } from './protocol.js';
import { serve } from './serve.js';
import { createTurnRecorder } from './turns.js';

/** The engine's own thread: inference happens here, away from the page and from the guests. */

removeProtoAccessor();

interface ConnectedGuest {
  readonly port: MessagePort;
  readonly connection: EngineConnection;
}

const guests = new Map<number, ConnectedGuest>();
let engine: Engine | undefined;
const models = createModelsLine(() => tell({ type: 'models-wanted' }));

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (!isPageMessage(data)) return;
  switch (data.type) {
    case 'configure':
      engine = configure(data.configuration);
      void holdWorkerLock(data.configuration.workerLock).then(() => tell({ type: 'ready' }));
      return;
    case 'models':
      models.attach(data.port);
      return;
    case 'models-lost':
      models.lose(fromPlainError(data.error));
      return;
    case 'connect':
      connect(data.guest, data.port);
      return;
    case 'disconnect':
      disconnect(data.guest);
      return;
    case 'stats':
      if (engine) tell({ type: 'stats', stats: engine.stats() });
  }
});

function configure(configuration: EngineConfiguration): Engine {
  const { allowSoftwareAdapter, verify, fallback, backends, limits, measure, board } = configuration;
  const outside = Array.from(backends, ([encoding, url]) => createOutsideBackend(encoding, url));
  const options = { allowSoftwareAdapter, verify, onBroken };
  const onnx = createOnnxBackend(options);
  const builtIn = [onnx, ...createImportedBackends(onnx), createTfliteBackend(options), createEchoBackend()];
  const turns = createTurnRecorder(
    board,
    (place, words) => tell({ type: 'turn', place, words }),
    () => tell({ type: 'busy' }),
  );
  return createEngine({
    backends: [...outside, ...builtIn],
    models,
    convertedModels: models,
    limits,
    fallback,
    turns,
    measure,
    onOutgrown: (reason) => tell({ type: 'outgrown', reason }),
    onEvent: (event) => tell({ type: 'event', event }),
  });
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

/** The call that met the fault is answered first. */
function onBroken(reason: string): void {
  setTimeout(() => tell({ type: 'broken', reason }));
}

function tell(message: EngineMessage): void {
  globalThis.postMessage(message);
}
