import { createCustomBackend } from '../backends/custom-backend.js';
import { createEchoBackend } from '../backends/echo.js';
import { createImportedBackends } from '../backends/imported/imported.js';
import { createOnnxBackend } from '../backends/onnx/onnx.js';
import { createTextBackend } from '../backends/text/text.js';
import { createTfliteBackend } from '../backends/tflite/tflite.js';
import { limitThreads } from '../backends/thread-count.js';
import type { EngineConfiguration } from '../rpc/engine-protocol.js';
import { type Handlers, openRpc, parentEndpoint } from '../rpc/rpc.js';
import { trustWorkersOfRuntimes } from '../rpc/trusted-types.js';
import { removeProtoAccessor } from '../standard/proto-accessor.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { convertedModelsOf } from './converted-models.js';
import { createEngine, type Engine } from './engine.js';
import { serveEngine } from './serve-engine.js';

/** The engine's own thread: inference happens here, away from the page, the hub and the guests. */

removeProtoAccessor();
trustWorkersOfRuntimes();

let handlers: Handlers = {};
let fault: string | undefined;
let isWorking = false;

const rpc = openRpc(parentEndpoint(), {
  async configure(configuration) {
    const options = configuration as EngineConfiguration;
    handlers = serveEngine(configure(options), () => fault);
    await holdWorkerLock(options.workerLock);
  },
  prepare: (_, request) => handlers.prepare?.(undefined, request),
  async call(parameters, request) {
    const [method, value] = parameters as readonly [method: string, value: unknown];
    isWorking = true;
    try {
      return await handlers[method]?.(value, request);
    } finally {
      isWorking = false;
      if (fault !== undefined) reportFault(fault);
    }
  },
});

function configure({ allowSoftwareAdapter, threads, powerPreference, verify, backends }: EngineConfiguration): Engine {
  limitThreads(threads);
  const outside = Array.from(backends, ([encoding, url]) => createCustomBackend(encoding, url));
  const options = { allowSoftwareAdapter, powerPreference, verify, onBroken };
  const onnx = createOnnxBackend(options);
  const tensors = [onnx, ...createImportedBackends(onnx), createTfliteBackend(options), createEchoBackend()];
  const builtIn = [...tensors, createTextBackend(options)];
  return createEngine({ backends: [...outside, ...builtIn], convertedModels: convertedModelsOf(rpc) });
}

/** The call that met the fault goes on, and its answer has the fault. */
function onBroken(reason: string): void {
  fault ??= reason;
  if (!isWorking) reportFault(fault);
}

/** Tells the hub after the answer to the last call, if there is one to be sent. */
function reportFault(reason: string): void {
  setTimeout(() => rpc.notify('fault', reason));
}
