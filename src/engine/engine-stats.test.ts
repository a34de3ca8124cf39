import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Backend } from '../backends/backend.js';
import type { NamedModels } from '../models/models.js';
import type { NamedTensor } from '../standard/tensor.js';
import { createEngine, type EngineEvent } from './engine.js';

/** What the engine tells of itself: its graphs, calls, memory and times. */

const mebibyte = 1 << 20;
const onnxModel = Uint8Array.of(0x08, 0x07, 0x12, 0x00);
const input: NamedTensor = ['x', { type: 'U8', dimensions: [1], data: Uint8Array.of(1) }];

/** Computations wait until they are let; the heap is as large as a test says. */
function open() {
  const events: EngineEvent[] = [];
  const outgrown: string[] = [];
  const heap = { bytes: 0 };
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const backend: Backend = {
    name: 'fake',
    encodings: ['onnx'],
    heapBytes: () => heap.bytes,
    async load(_parts, _options, caller) {
      caller.begin()();
      return {
        inputs: 'any',
        outputs: 'any',
        device: { target: 'cpu', provider: 'wasm', description: 'fake' },
        fallback: [],
        async compute(inputs, caller) {
          await gate;
          const end = caller.begin();
          end();
          return [...inputs];
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
      fetch: { credentials: 'same-origin', headers: {}, retries: 0, stallTimeout: 1 },
    }),
    forget: async () => undefined,
  };
  const options = { backends: [backend], models, onEvent: (event: EngineEvent) => events.push(event) };
  const engine = createEngine({ ...options, measure: true, onOutgrown: (reason) => outgrown.push(reason) });
  return { engine, unmeasured: createEngine(options), events, outgrown, heap, release: () => release() };
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

describe('an engine whose heap is far larger than its models need', () => {
  it('tells so when a graph has gone', async () => {
    const { engine, heap, outgrown } = open();
    const guest = engine.connect();
    const [first, second] = [
      await guest.load([onnxModel], 'onnx', 'cpu'),
      await guest.load([onnxModel], 'onnx', 'cpu'),
    ];
    heap.bytes = 512 * mebibyte;
    await guest.unload(first.id);
    expect(outgrown).toEqual([]);
    heap.bytes++;
    await guest.unload(second.id);
    expect(outgrown).toEqual([expect.stringContaining(`heap of ${512 * mebibyte + 1} bytes`)]);
  });

  it('does not while calls are under way', async () => {
    const { engine, heap, outgrown, release } = open();
    const guest = engine.connect();
    const [first, second] = [
      await guest.load([onnxModel], 'onnx', 'cpu'),
      await guest.load([onnxModel], 'onnx', 'cpu'),
    ];
    const computing = guest.compute(second.id, [input]);
    heap.bytes = 600 * mebibyte;
    await guest.unload(first.id);
    expect(outgrown).toEqual([]);
    release();
    await computing;
    await guest.unload(second.id);
    expect(outgrown).toHaveLength(1);
  });
});
