import { onTestFinished, vi } from 'vitest';
import type { Backend, BackendGraph, TextGraph } from '../backends/backend.js';
import { createEngine } from '../engine/engine.js';
import { serveEngine } from '../engine/serve-engine.js';
import type { ConvertedModels, NamedModels, OpenModel } from '../models/models.js';
import { createInferenceClient, type InferenceConnection } from '../rpc/create-inference-client.js';
import type { EngineKind } from '../rpc/engine-kind.js';
import type { HubEvent } from '../rpc/events.js';
import { type DeviceTensorReference, isOnDevice, type NamedClientTensor } from '../rpc/inference-client.js';
import { defaultLimits, type Limits } from '../rpc/limits.js';
import { endpointOf, openRpc } from '../rpc/rpc.js';
import { WasiNNError } from '../standard/error.js';
import type { NamedTensor } from '../standard/tensor.js';
import { createFakeBackend, type FakeBackend, onnxModel } from './backend.fixture.js';
import type { Client } from './client.js';
import { type EngineProcess, type StartEngineWorker, startEngineProcess } from './engine-process.js';
import { createHub, type Hub, type HubOptions } from './hub.js';
import { serveClient } from './serve-client.js';

/** A real engine behind a MessageChannel, which stands for its worker. */
export interface TestEngine {
  readonly kind: EngineKind;
  /** The methods that the hub has called, with the number of the graph or tensor. */
  readonly calls: string[];
  hasEnded(): boolean;
  /** Ends the engine as the crash of its worker does. */
  crash(cause: string): void;
  /** Has the engine report with each answer that it can do no more. */
  fault: string | undefined;
  /** Has the engine report so without a call. */
  reportFault(reason: string): void;
}

export interface TestEnginesOptions {
  readonly backends: readonly Backend<BackendGraph | TextGraph>[];
  readonly convertedModels?: ConvertedModels;
  /** When an engine has started. Default: at once. @param engine how many engines were started before */
  starting?(engine: number): Promise<void>;
}

export interface TestEngines {
  /** All engines, in the order of their starts. */
  readonly engines: TestEngine[];
  /** The kinds of those that were to start their runtime before it is needed. */
  readonly preparations: EngineKind[];
  startEngine(kind: EngineKind): EngineProcess;
}

export function createTestEngines({ backends, convertedModels, starting }: TestEnginesOptions): TestEngines {
  const engines: TestEngine[] = [];
  const preparations: EngineKind[] = [];

  function startWorker(kind: EngineKind): StartEngineWorker {
    return (handlers, onEnd) => {
      const { port1, port2 } = new MessageChannel();
      const number = engines.length;
      let isOpen = true;
      const close = () => {
        isOpen = false;
        port1.close();
      };
      onTestFinished(close);
      const methods = serveEngine(createEngine({ backends, convertedModels }), () => engine.fault);
      const hub = openRpc(endpointOf(port2), {
        configure: () => starting?.(number),
        call(parameters, request) {
          const [method, value] = parameters as readonly [method: string, value: unknown];
          engine.calls.push(`${method} ${numberOf(value)}`);
          return methods[method]?.(value, request);
        },
      });
      const engine: TestEngine = {
        kind,
        calls: [],
        hasEnded: () => !isOpen,
        crash: (cause) => onEnd(new WasiNNError('runtime-error', cause)),
        fault: undefined,
        reportFault: (reason) => hub.notify('fault', reason),
      };
      engines.push(engine);
      const rpc = openRpc(endpointOf(port1), handlers);
      return { rpc, started: rpc.request('configure', undefined), terminate: close };
    };
  }

  return {
    engines,
    preparations,
    startEngine: (kind) => ({
      ...startEngineProcess(startWorker(kind), {}),
      prepare: () => preparations.push(kind),
    }),
  };
}

function numberOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'graph' in value ? String(value.graph) : String(value);
}

export interface TestHubOptions
  extends Partial<Omit<HubOptions, 'limits' | 'startEngine' | 'onEvent'>>,
    Partial<TestEnginesOptions> {
  readonly limits?: Partial<Limits>;
  /** Whether there is an accelerator, and so an engine for it. Default: no. */
  readonly hasAccelerator?: boolean;
}

export interface TestHub extends TestEngines {
  readonly hub: Hub;
  readonly events: HubEvent[];
  /** The engines' backend, where the test gives no others. */
  readonly fake: FakeBackend;
}

/** A hub whose engines run in this thread. By default every name is registered. */
export function openTestHub({ limits, hasAccelerator = false, ...options }: TestHubOptions = {}): TestHub {
  vi.stubGlobal('navigator', hasAccelerator ? { gpu: {} } : {});
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  const events: HubEvent[] = [];
  const fake = createFakeBackend();
  const { engines, preparations, startEngine } = createTestEngines({ backends: [fake.backend], ...options });
  const hub = createHub({
    models: { open: async () => openModel(), forget: async () => undefined },
    ...options,
    startEngine,
    limits: { ...defaultLimits, ...limits },
    onEvent: (event) => events.push(event),
  });
  return { hub, engines, preparations, startEngine, events, fake };
}

/** A model as the models worker passes it to the hub. */
export function openModel(changes: Partial<OpenModel> = {}): OpenModel {
  return {
    parts: [onnxModel()],
    encoding: 'onnx',
    target: 'cpu',
    freeDimensions: {},
    graphOptimization: 'all',
    fetch: { credentials: 'same-origin', headers: {}, retries: 0, stallTimeout: 1, minimumRate: 0 },
    ...changes,
  };
}

/** Models of which some names are registered. */
export function modelsOf(registered: Readonly<Record<string, Partial<OpenModel>>>): NamedModels {
  return {
    async open(name) {
      const model = registered[name];
      if (model) return openModel(model);
      throw new WasiNNError('not-found', `load-by-name: no model is registered as "${name}"`);
    },
    forget: async () => undefined,
  };
}

/** A client in another thread than the hub's, as a guest or the page has it. */
export function connectTestClient(hub: Hub): InferenceConnection {
  const { port1, port2 } = new MessageChannel();
  const client = hub.connect();
  const end = serveClient(port2, client, defaultLimits.tensorBytes);
  onTestFinished(() => {
    client.close();
    end();
  });
  return createInferenceClient(port1);
}

export const modelBlob = () => new Blob([onnxModel()]);

export function loadOnnx(client: Client, target: 'cpu' | 'gpu' | 'tpu' = 'cpu') {
  return client.load([modelBlob()], 'onnx', target);
}

/** A tensor of bytes. */
export function input(...data: number[]): NamedTensor {
  return ['x', { type: 'U8', dimensions: [data.length], data: Uint8Array.from(data) }];
}

/** The number and the reference of an output that has stayed on the device. */
export function onDevice([output]: readonly NamedClientTensor[]): DeviceTensorReference {
  if (output && isOnDevice(output[1])) return output[1];
  throw new Error('the output has not stayed on the device');
}

/** Waits until something has happened elsewhere. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
