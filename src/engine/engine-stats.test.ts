import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Backend, Caller, DeviceTensor } from '../backends/backend.js';
import type { NamedModels } from '../models/models.js';
import type { NamedTensor } from '../standard/tensor.js';
import { createEngine, type EngineEvent } from './engine.js';

/** What the engine tells of itself: its graphs, calls, memory and times. */

const mebibyte = 1 << 20;
const onnxModel = Uint8Array.of(0x08, 0x07, 0x12, 0x00);
const input: NamedTensor = ['x', { type: 'U8', dimensions: [1], data: Uint8Array.of(1) }];

const onDevice: DeviceTensor = {
  type: 'U8',
  dimensions: [1],
  read: async () => Uint8Array.of(1),
  dispose: async () => undefined,
};

/** Computations wait until they are let; the heap is as large as a test says, and grows in the next turn as it says. */
function open() {
  const events: EngineEvent[] = [];
  const outgrown: string[] = [];
  const heap = { bytes: 0, growth: 0 };
  const device = { keeps: false };
  const faults: { load?: Error } = {};
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  function takeTurn(caller: Caller): void {
    const end = caller.begin();
    heap.bytes += heap.growth;
    heap.growth = 0;
    end();
  }
  const backend: Backend = {
    name: 'fake',
    encodings: ['onnx'],
    heapBytes: () => heap.bytes,
    async load(_parts, _options, caller) {
      takeTurn(caller);
      if (faults.load) throw faults.load;
      return {
        inputs: 'any',
        outputs: 'any',
        device: { target: 'cpu', provider: 'wasm', description: 'fake' },
        fallback: [],
        async compute(inputs, caller) {
          await gate;
          takeTurn(caller);
          return [...inputs];
        },
        async computeOnDevice(inputs, caller) {
          await gate;
          takeTurn(caller);
          return device.keeps ? [['y', onDevice]] : [...inputs];
        },
        dispose: async () => undefined,
      };
    },
  };
  const models: NamedModels = {
    open: async () => ({
      parts: [onnxModel],
      sources: [],
      encoding: 'onnx',
      target: 'cpu',
      freeDimensions: {},
      graphOptimization: 'all',
      fetch: { credentials: 'same-origin', headers: {}, retries: 0, stallTimeout: 1, minimumRate: 0 },
    }),
    forget: async () => undefined,
  };
  const options = { backends: [backend], models, onEvent: (event: EngineEvent) => events.push(event) };
  const engine = createEngine({ ...options, measure: true, onOutgrown: (reason) => outgrown.push(reason) });
  return {
    engine,
    unmeasured: createEngine(options),
    events,
    outgrown,
    heap,
    device,
    faults,
    release: () => release(),
  };
}

describe('stats', () => {
  it('count guests, graphs and calls, and tell of memory', async () => {
    const { engine, heap, release } = open();
    expect(engine.stats()).toEqual({ guests: 0, graphs: 0, calls: 0, heapBytes: 0, deviceBytes: 0 });
    const [one, other] = [engine.connect(), engine.connect()];
    const { id } = await one.loadByName('m');
    await other.loadByName('m');
    heap.bytes = 5;
    const computing = one.compute(id, [input]);
    expect(engine.stats()).toEqual({ guests: 2, graphs: 2, calls: 1, heapBytes: 5, deviceBytes: 0 });
    release();
    await computing;
    await other.close();
    expect(engine.stats()).toEqual({ guests: 1, graphs: 1, calls: 0, heapBytes: 5, deviceBytes: 0 });
  });
});

describe('measures', () => {
  it('tell of each call what it was, how long it took and how long it waited', async () => {
    const { engine, events, release } = open();
    const guest = engine.connect();
    const { id } = await guest.loadByName('m');
    const clock = vi.spyOn(performance, 'now').mockReturnValue(100);
    onTestFinished(() => clock.mockRestore());
    const computing = guest.compute(id, [input]);
    clock.mockReturnValue(130);
    release();
    await computing;
    const measures = events.filter((event) => event.type === 'measure');
    expect(measures).toMatchObject([
      { operation: 'load', name: 'm' },
      { operation: 'compute', name: 'm', start: performance.timeOrigin + 100, waited: 30, milliseconds: 30 },
    ]);
  });

  it('are not made unless a page wants them', async () => {
    const { unmeasured, events, release } = open();
    release();
    const guest = unmeasured.connect();
    await guest.compute((await guest.loadByName('m')).id, [input]);
    expect(events.filter(({ type }) => type === 'measure')).toEqual([]);
  });
});

describe('an engine whose heap is far larger than its graphs have needed', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
  });

  /** A guest with two graphs, of which the first has been loaded when the heap grew. */
  async function openGrown(bytes: number) {
    const opened = open();
    const guest = opened.engine.connect();
    opened.heap.growth = bytes;
    const first = await guest.load([onnxModel], 'onnx', 'cpu');
    const second = await guest.load([onnxModel], 'onnx', 'cpu');
    return { ...opened, guest, first, second };
  }

  it('tells so when the graph that needed it has gone, and nothing more is done', async () => {
    const { guest, first, outgrown } = await openGrown(600 * mebibyte);
    await guest.unload(first.id);
    expect(outgrown).toEqual([]);
    vi.runAllTimers();
    expect(outgrown).toEqual([
      `its heap of ${600 * mebibyte} bytes is far more than the 0 bytes that its graphs have needed`,
    ]);
  });

  it('tells so of a load that failed', async () => {
    const { engine, heap, faults, outgrown } = open();
    heap.growth = 600 * mebibyte;
    faults.load = new Error('out of memory');
    await expect(engine.connect().load([onnxModel], 'onnx', 'cpu')).rejects.toThrow('out of memory');
    vi.runAllTimers();
    expect(outgrown).toHaveLength(1);
  });

  it('does not while the graph is there whose computation needed it, whatever else comes and goes', async () => {
    const { guest, first, second, heap, release, outgrown } = await openGrown(0);
    release();
    heap.growth = 600 * mebibyte;
    await guest.compute(second.id, [input]);
    await guest.unload(first.id);
    for (let round = 0; round < 3; round++) {
      await guest.compute(second.id, [input]);
      const { id } = await guest.load([onnxModel], 'onnx', 'cpu');
      await guest.unload(id);
      vi.runAllTimers();
    }
    expect(outgrown).toEqual([]);
    await guest.unload(second.id);
    vi.runAllTimers();
    expect(outgrown).toHaveLength(1);
  });

  it('does not while calls are under way, but when the last has ended', async () => {
    const { guest, first, second, release, outgrown } = await openGrown(600 * mebibyte);
    const computing = guest.compute(second.id, [input]);
    await guest.unload(first.id);
    vi.runAllTimers();
    expect(outgrown).toEqual([]);
    release();
    await computing;
    vi.runAllTimers();
    expect(outgrown).toHaveLength(1);
  });

  it('does not while a tensor is on a device, but when it has been given back', async () => {
    const { guest, first, second, device, release, outgrown } = await openGrown(600 * mebibyte);
    release();
    device.keeps = true;
    const [[, tensor] = []] = await guest.compute(second.id, [input]);
    await guest.unload(first.id);
    vi.runAllTimers();
    expect(outgrown).toEqual([]);
    if (tensor && 'resident' in tensor) await guest.releaseTensor(tensor.resident);
    await vi.runAllTimersAsync();
    expect(outgrown).toHaveLength(1);
  });
});
