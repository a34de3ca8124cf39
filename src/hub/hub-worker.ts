import type { Conversion } from '../models/cache-key.js';
import type { ConvertedPiece } from '../models/converted-files.js';
import type { ModelsOperation } from '../models/protocol.js';
import { createRemoteModels } from '../models/remote-models.js';
import { openRpc, parentEndpoint, Transferring } from '../rpc/rpc.js';
import { isUint8Array } from '../standard/brand-checks.js';
import { removeProtoAccessor } from '../standard/proto-accessor.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { engineWorkerStarter, startEngineProcess } from './engine-process.js';
import { createHub, type Hub } from './hub.js';
import { createModelsProcess, type ModelsProcess } from './models-process.js';
import type { HubConfiguration, HubConnect } from './protocol.js';
import { serveClient } from './serve-client.js';

/**
 * The hub's own thread. It starts the engines and the models worker, and dispatches the calls of all clients. The page and
 * the hub are one program, so what the page sends is not checked here. What guests send is (`serve-client.ts`).
 */

removeProtoAccessor();

interface Running {
  readonly hub: Hub;
  readonly models: ModelsProcess;
  readonly maximumBytes: number;
}

const services = new Map<number, () => void>();
const configured = Promise.withResolvers<Running>();

const rpc = openRpc(parentEndpoint(), {
  async configure(configuration) {
    const options = configuration as HubConfiguration;
    configured.resolve(configure(options));
    await holdWorkerLock(options.workerLock);
  },
  async startEngine() {
    const { hub, models } = await configured.promise;
    hub.start();
    models.start();
  },
  async connect(parameters) {
    const { client: number, port, mailbox } = parameters as HubConnect;
    const { hub, maximumBytes } = await configured.promise;
    const client = hub.connect();
    const end = serveClient(port, client, maximumBytes, mailbox);
    services.set(number, () => {
      client.close();
      end();
    });
  },
  async disconnect(client) {
    await configured.promise;
    services.get(client as number)?.();
    services.delete(client as number);
  },
  stats: async () => (await configured.promise).hub.stats(),
  models: async (operation, { signal }) =>
    (await configured.promise).models.request(operation as ModelsOperation, signal),
});

function configure({
  engine,
  models: configuration,
  limits,
  startMilliseconds,
  fallback,
  measure,
}: HubConfiguration): Running {
  const onEvent = (event: unknown) => rpc.notify('event', event);
  const models = createModelsProcess({ configuration, startMilliseconds, onEvent });
  const remote = createRemoteModels((operation, signal) => models.request(operation, signal));
  const start = engineWorkerStarter({ configuration: engine, startMilliseconds: limits.startMilliseconds });
  /** What engines ask for while they work. */
  const handlers = {
    async findConverted(conversion: unknown) {
      const found = await remote.findConverted(conversion as Conversion);
      return new Transferring(found, isUint8Array(found) ? [found.buffer] : []);
    },
    keepConverted(parameters: unknown) {
      const { conversion, piece } = parameters as { readonly conversion: Conversion; readonly piece: ConvertedPiece };
      return remote.keepConverted(conversion, piece);
    },
  };
  const startEngine = () => startEngineProcess(start, handlers);
  const hub = createHub({
    startEngine,
    models: remote,
    entries: models.entries,
    limits,
    fallback,
    measure,
    hasTextEngine: !engine.backends.has('ggml'),
    onEvent,
  });
  return { hub, models, maximumBytes: limits.tensorBytes };
}
