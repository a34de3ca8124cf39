import { beforeEach, describe, expect, it } from 'vitest';
import type { Backend, BackendGraph, FallbackStep, LoadOptions } from '../backends/backend.js';
import type { ConvertedModels, NamedModels, OpenModel } from '../models/models.js';
import { WasiNNError } from '../standard/error.js';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { NamedTensor, TensorValue } from '../standard/tensor.js';
import { createEngine, type Engine, type EngineEvent, type EngineOptions } from './engine.js';

const onnxModel: GraphBuilder = Uint8Array.of(0x08, 0x07, 0x12, 0x00);
const ggufModel: GraphBuilder = new TextEncoder().encode('GGUF\u0003');
const html: GraphBuilder = new TextEncoder().encode('<!doctype html>');
const unknownBytes: GraphBuilder = new TextEncoder().encode('no model');

const signal: NamedTensor = ['x', { type: 'U8', dimensions: [2], data: Uint8Array.of(1, 2) }];

/** A backend that answers a graph's input as its output, and fails where a test tells it to. */
function createFakeBackend(name: string, encodings: readonly GraphEncoding[]) {
  const loads: { parts: readonly GraphBuilder[]; options: LoadOptions }[] = [];
  const faults: { load?: unknown; compute?: unknown; dispose?: unknown } = {};
  const fallback: FallbackStep[] = [];

  const graph = (): BackendGraph => ({
    inputs: [{ name: 'x', type: 'U8', shape: [2] }],
    outputs: [{ name: 'y', type: 'U8', shape: [2] }],
    device: { target: 'cpu', provider: 'wasm', description: 'fake' },
    fallback: [...fallback],
    async compute(inputs) {
      if (faults.compute) throw faults.compute;
      const x = inputs.get('x');
      return x ? [['y', x]] : [];
    },
    async dispose() {
      if (faults.dispose) throw faults.dispose;
    },
  });
  const backend: Backend = {
    name,
    encodings,
    async load(parts, options) {
      loads.push({ parts, options });
      if (faults.load) throw faults.load;
      return graph();
    },
  };
  return { backend, loads, faults, fallback };
}

let fake: ReturnType<typeof createFakeBackend>;
let other: ReturnType<typeof createFakeBackend>;
let forgotten: string[];
let registered: Map<string, OpenModel>;
let events: EngineEvent[];
let engine: Engine;
let options: EngineOptions;

beforeEach(() => {
  fake = createFakeBackend('fake', ['onnx']);
  other = createFakeBackend('other', ['ggml', 'pytorch']);
  forgotten = [];
  events = [];
  registered = new Map([['m', model(onnxModel)]]);
  const models: NamedModels = {
    async open(name) {
      const found = registered.get(name);
      if (!found) throw new WasiNNError('not-found', `load-by-name: no model is registered as "${name}"`);
      return found;
    },
    async forget(name) {
      forgotten.push(name);
    },
  };
  options = { backends: [fake.backend, other.backend], models, onEvent: (event) => events.push(event) };
  engine = createEngine(options);
});

function model(bytes: GraphBuilder, changes: Partial<OpenModel> = {}): OpenModel {
  return {
    parts: [bytes],
    encoding: 'autodetect',
    target: 'cpu',
    freeDimensions: {},
    graphOptimization: 'all',
    fetch: { credentials: 'same-origin', headers: {}, retries: 0, stallTimeout: 1, minimumRate: 0 },
    ...changes,
  };
}

const onMove = expect.any(Function);

describe('load', () => {
  it('hands the parts and the target to the backend, and describes the graph', async () => {
    const info = await engine.connect().load([onnxModel, unknownBytes], 'onnx', 'gpu');
    expect(fake.loads).toEqual([
      { parts: [onnxModel, unknownBytes], options: { target: 'gpu', fallback: true, onMove } },
    ]);
    expect(info).toEqual({
      id: expect.any(Number),
      backend: 'fake',
      device: { target: 'cpu', provider: 'wasm', description: 'fake' },
      inputs: [{ name: 'x', type: 'U8', shape: [2] }],
      outputs: [{ name: 'y', type: 'U8', shape: [2] }],
    });
  });

  it.each([
    ['onnx', 'autodetect', onnxModel, 'fake'],
    ['onnx', 'onnx', onnxModel, 'fake'],
    ['ggml', 'autodetect', ggufModel, 'other'],
    ['ggml', 'ggml', ggufModel, 'other'],
    ['bytes of an unknown format', 'onnx', unknownBytes, 'fake'],
  ] satisfies [string, GraphEncoding, GraphBuilder, string][])(
    'finds the backend for %s given as %s',
    async (_what, encoding, bytes, backend) => {
      expect((await engine.connect().load([bytes], encoding, 'cpu')).backend).toBe(backend);
    },
  );

  it.each([
    ['onnx', ggufModel, 'expected onnx, but the bytes are a GGUF model; served are: onnx, ggml, pytorch'],
    ['ggml', onnxModel, 'expected ggml, but the bytes are an ONNX model'],
    ['onnx', html, 'expected onnx, but the bytes are an HTML page'],
    ['onnx', new Uint8Array(), 'expected onnx, but the bytes are an empty file'],
    ['autodetect', html, 'no backend serves these bytes: they are an HTML page; served are: onnx, ggml, pytorch'],
    ['autodetect', unknownBytes, 'no backend serves these bytes: they are in an unknown format; served are: onnx'],
    ['autodetect', new Uint8Array(), 'no backend serves these bytes: they are an empty file'],
    ['tensorflow', unknownBytes, 'no backend serves tensorflow'],
    ['openvino', onnxModel, 'expected openvino, but the bytes are an ONNX model'],
  ] satisfies [GraphEncoding, GraphBuilder, string][])('refuses as %s (%#)', async (encoding, bytes, text) => {
    await expect(engine.connect().load([bytes], encoding, 'cpu')).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-encoding',
      message: expect.stringContaining(`load: ${text}`),
    });
    expect([...fake.loads, ...other.loads]).toEqual([]);
  });

  it('refuses no parts at all', async () => {
    await expect(engine.connect().load([], 'onnx', 'cpu')).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('no graph builder came'),
    });
  });

  it("passes on the backend's own error, forgets nothing and emits nothing", async () => {
    fake.faults.load = new WasiNNError('invalid-encoding', 'load: not a model');
    await expect(engine.connect().load([onnxModel], 'onnx', 'cpu')).rejects.toBe(fake.faults.load);
    expect(forgotten).toEqual([]);
    expect(events).toEqual([]);
  });
});

describe('the events of a load', () => {
  const loaded = {
    type: 'load',
    backend: 'fake',
    device: { target: 'cpu', provider: 'wasm', description: 'fake' },
    inputs: [{ name: 'x', type: 'U8', shape: [2] }],
    outputs: [{ name: 'y', type: 'U8', shape: [2] }],
  };

  it('tell where the graph runs', async () => {
    await engine.connect().load([onnxModel], 'onnx', 'cpu');
    expect(events).toEqual([loaded]);
  });

  it('tell the name that it was loaded by', async () => {
    await engine.connect().loadByName('m');
    expect(events).toEqual([{ ...loaded, name: 'm' }]);
  });

  it('tell first what was tried in vain', async () => {
    fake.fallback.push({ provider: 'webgpu', target: 'gpu', reason: 'no adapter' });
    registered.set('m', model(onnxModel, { target: 'gpu' }));
    await engine.connect().loadByName('m');
    expect(events).toEqual([
      { type: 'fallback', name: 'm', target: 'gpu', steps: fake.fallback, device: loaded.device },
      { ...loaded, name: 'm' },
    ]);
  });
});

describe('loadByName', () => {
  it('loads as the registry says', async () => {
    const options = { target: 'tpu', freeDimensions: { batch: 1 } } as const;
    registered.set('m', model(onnxModel, { encoding: 'onnx', ...options }));
    await engine.connect().loadByName('m');
    expect(fake.loads).toEqual([
      {
        parts: [onnxModel],
        options: {
          graphOptimization: 'all',
          fallback: true,
          warmup: false,
          outputs: 'bytes',
          ...options,
          onMove,
        },
      },
    ]);
  });

  it('lets a graph fall back as the model says, or else as the page', async () => {
    const strict = createEngine({ ...options, fallback: false });
    await strict.connect().loadByName('m');
    await strict.connect().load([onnxModel], 'onnx', 'cpu');
    registered.set('n', model(onnxModel, { fallback: ['wasm'] }));
    await strict.connect().loadByName('n');
    expect(fake.loads.map(({ options }) => options.fallback)).toEqual([false, false, ['wasm']]);
  });

  it('refuses a name that is not registered', async () => {
    await expect(engine.connect().loadByName('nosuch')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('names the model in an error and keeps its code', async () => {
    fake.faults.load = new WasiNNError('unsupported-operation', 'load: no such operator');
    await expect(engine.connect().loadByName('m')).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'unsupported-operation',
      message: 'load-by-name: model "m": load: no such operator',
    });
    expect(forgotten).toEqual([]);
  });

  it('keeps a model that is one, where no backend serves it', async () => {
    registered.set('gguf', model(new TextEncoder().encode('GGUF\u0003\0\0\0'), { encoding: 'onnx' }));
    await expect(engine.connect().loadByName('gguf')).rejects.toMatchObject({ code: 'invalid-encoding' });
    expect(forgotten).toEqual([]);
  });

  it.each([
    ['the backend', onnxModel, 'onnx'],
    ['their first bytes', html, 'autodetect'],
  ] satisfies [string, GraphBuilder, GraphEncoding][])(
    'makes the cache forget bytes that are no model according to %s',
    async (_what, bytes, encoding) => {
      registered.set('m', model(bytes, { encoding }));
      fake.faults.load = new WasiNNError('invalid-encoding', 'load: not a model');
      await expect(engine.connect().loadByName('m')).rejects.toMatchObject({ code: 'invalid-encoding' });
      expect(forgotten).toEqual(['m']);
    },
  );
});

describe('compute', () => {
  it('checks the inputs before the backend sees them', async () => {
    const guest = engine.connect();
    const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
    const wrong: TensorValue = { type: 'U8', dimensions: [3], data: new Uint8Array(3) };
    await expect(guest.compute(id, [['x', wrong]])).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'compute: input "x" expects U8 [2], but the shape [3] came',
    });
  });

  it('leaves the graph usable where it fails', async () => {
    const guest = engine.connect();
    const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
    fake.faults.compute = new WasiNNError('runtime-error', 'compute: device lost');
    await expect(guest.compute(id, [signal])).rejects.toBe(fake.faults.compute);
    delete fake.faults.compute;
    expect(await guest.compute(id, [['0', signal[1]]])).toEqual([['y', signal[1]]]);
  });
});

describe('whatever a backend throws', () => {
  it.each([new RangeError('out of bounds'), 13_372_040, 'abort'])(
    'reaches the guest as a WasiNNError: %s',
    async (fault) => {
      const guest = engine.connect();
      const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
      Object.assign(fake.faults, { compute: fault, dispose: fault });
      const failures = await Promise.allSettled([guest.compute(id, [signal]), guest.unload(id)]);
      const failed = { status: 'rejected', reason: { name: 'WasiNNError', code: 'runtime-error' } };
      expect(failures).toMatchObject([failed, failed]);
    },
  );
});

describe('conversions of models', () => {
  const convertedModels: ConvertedModels = {
    findConverted: async (asked) => new TextEncoder().encode(JSON.stringify(asked)),
    keepConverted: async () => false,
  };

  it('are found for the files of a model that is loaded by name', async () => {
    registered.set('m', model(onnxModel, { files: ['a', 'b'] }));
    await createEngine({ ...options, convertedModels })
      .connect()
      .loadByName('m');
    const found = await fake.loads[0]?.options.conversions?.find('openvino-1-0f');
    expect(JSON.parse(new TextDecoder().decode(found))).toEqual({ files: ['a', 'b'], key: 'openvino-1-0f' });
  });

  it('are not kept of what a guest brings along, nor of files that the cache does not keep', async () => {
    const link = createEngine({ ...options, convertedModels }).connect();
    await link.load([onnxModel], 'onnx', 'cpu');
    await link.loadByName('m');
    for (const { options } of fake.loads) expect(options).not.toHaveProperty('conversions');
    expect(fake.loads).toHaveLength(2);
  });
});
