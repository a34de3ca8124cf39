import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Backend, Caller, DeviceTensor } from '../backends/backend.js';
import { isDeviceTensor } from '../backends/device-tensor.js';
import type { NamedModels, OpenModel } from '../models/models.js';
import type { NamedTensor, TensorValue } from '../standard/tensor.js';
import type { EngineConnection } from './connection.js';
import { createEngine, type EngineEvent } from './engine.js';
import { defaultLimits, type Limits } from './limits.js';
import { isResident, type NamedLinkTensor } from './link.js';
import type { TurnKind } from './turns.js';

/** Outputs that stay on the device that computed them. */

const onnxModel = Uint8Array.of(0x08, 0x07, 0x12, 0x00);

/**
 * A backend with two devices, `gpu` and `cpu`, of which the second keeps nothing. Its graphs add one to each byte of
 * their inputs. It knows what is on the device, and tells of tensors that are used after they were given back.
 */
function createDeviceBackend() {
  const present = new Map<DeviceTensor, Uint8Array<ArrayBuffer>>();
  const reads: number[] = [];
  const faults: { read?: (count: number) => unknown; dispose?: unknown; disposing?: Promise<void> } = {};
  const heap = { bytes: 0 };
  let gate: Promise<void> | undefined;

  const bytesOf = (tensor: DeviceTensor) => {
    const bytes = present.get(tensor);
    if (bytes) return bytes;
    throw new Error('the tensor is not on the device');
  };

  function keep({ type, dimensions, data }: TensorValue): DeviceTensor {
    const tensor: DeviceTensor = {
      type,
      dimensions,
      async read(caller) {
        const end = caller.begin('read');
        reads.push(caller.guest);
        const fault = faults.read?.(reads.length);
        end();
        if (fault) throw fault;
        return bytesOf(tensor).slice();
      },
      async dispose() {
        bytesOf(tensor);
        await faults.disposing;
        present.delete(tensor);
        if (faults.dispose) throw faults.dispose;
      },
    };
    present.set(tensor, data);
    return tensor;
  }

  async function run(values: ReadonlyMap<string, TensorValue>, caller: Caller): Promise<NamedTensor[]> {
    const end = caller.begin();
    await gate;
    end();
    return [...values].map(([name, value]) => [name, { ...value, data: value.data.map((byte) => byte + 1) }]);
  }

  const backend: Backend = {
    name: 'made up',
    encodings: ['onnx'],
    heapBytes: () => heap.bytes,
    async load(_parts, { target, outputs }) {
      const onBytes = {
        inputs: 'any',
        outputs: 'any',
        device: { target, provider: target === 'gpu' ? 'webgpu' : 'wasm', description: 'made up' },
        fallback: [],
        compute: run,
        dispose: async () => undefined,
      } as const;
      if (target !== 'gpu') return onBytes;
      return {
        ...onBytes,
        async computeOnDevice(inputs, caller) {
          const values = [...inputs].map(([name, tensor]): NamedTensor => {
            return [name, isDeviceTensor(tensor) ? { ...tensor, data: bytesOf(tensor) } : tensor];
          });
          const computed = await run(new Map(values), caller);
          if (outputs !== 'device') return computed;
          return computed.map(([name, value]) => [name, keep(value)]);
        },
      };
    },
  };
  return {
    backend,
    reads,
    faults,
    heap,
    /** How many tensors are on the device. */
    present: () => present.size,
    /** Makes computations wait until the returned function is called. */
    hold(): () => void {
      let release = () => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
  };
}

const registered: Readonly<Record<string, Partial<OpenModel>>> = {
  staying: { target: 'gpu', outputs: 'device' },
  fetched: { target: 'gpu' },
  'on-cpu': { target: 'cpu' },
};

const models: NamedModels = {
  open: async (name) => ({
    parts: [onnxModel],
    encoding: 'onnx',
    target: 'cpu',
    freeDimensions: {},
    graphOptimization: 'all',
    fetch: { credentials: 'same-origin', headers: {}, retries: 0, stallTimeout: 1, minimumRate: 0 },
    ...registered[name],
  }),
  forget: async () => undefined,
};

function open(limits: Partial<Limits> = {}) {
  const device = createDeviceBackend();
  const events: EngineEvent[] = [];
  const turns: [TurnKind, number][] = [];
  const outgrown: string[] = [];
  const engine = createEngine({
    backends: [device.backend],
    models,
    limits: { ...defaultLimits, ...limits },
    measure: true,
    onEvent: (event) => events.push(event),
    onOutgrown: (reason) => outgrown.push(reason),
    turns: {
      begin(kind, _guest, call) {
        turns.push([kind, call]);
        return () => undefined;
      },
    },
  });
  return { ...device, engine, events, turns, outgrown };
}

function input(...data: number[]): NamedTensor {
  return ['x', { type: 'U8', dimensions: [data.length], data: Uint8Array.from(data) }];
}

const inputs = (count: number): NamedTensor[] =>
  Array.from({ length: count }, (_, index) => [`x${index}`, input(index)[1]]);

function residentOf(output: NamedLinkTensor | undefined): number {
  if (output && isResident(output[1])) return output[1].resident;
  throw new Error('the output has not stayed on the device');
}

async function computeOne(guest: EngineConnection, graph: number, ...data: number[]) {
  const [output] = await guest.compute(graph, [input(...data)]);
  const resident = residentOf(output);
  const again: NamedLinkTensor = ['x', { type: 'U8', dimensions: [data.length], resident }];
  return { resident, again };
}

const unknown = (resident: number) => ({
  name: 'WasiNNError',
  code: 'invalid-argument',
  message: `there is no tensor ${resident} on a device: it never was there, or is released`,
});

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('outputs of a graph that is registered so', () => {
  it('stay on the device, are computed on, and read when they are asked for', async () => {
    const { engine, reads, present } = open();
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    const first = await computeOne(guest, id, 1, 2);
    const [second] = await guest.compute(id, [first.again]);
    expect(second?.[1]).toEqual({ type: 'U8', dimensions: [2], resident: expect.any(Number) });
    expect(reads).toEqual([]);
    expect(engine.stats().deviceBytes).toBe(4);
    const value = { type: 'U8', dimensions: [2], data: Uint8Array.of(3, 4) };
    expect(await guest.readTensor(residentOf(second))).toEqual(value);
    expect(await guest.readTensor(residentOf(second))).toEqual(value);
    await guest.releaseTensor(first.resident);
    expect(engine.stats().deviceBytes).toBe(2);
    await guest.releaseTensor(residentOf(second));
    expect([engine.stats().deviceBytes, present()]).toEqual([0, 0]);
    await expect(guest.readTensor(first.resident)).rejects.toMatchObject(unknown(first.resident));
    await expect(guest.compute(id, [first.again])).rejects.toMatchObject(unknown(first.resident));
  });

  it('are read for a graph that takes bytes alone', async () => {
    const { engine, reads, present } = open();
    const guest = engine.connect();
    const { again } = await computeOne(guest, (await guest.loadByName('staying')).id, 1);
    const onCpu = await guest.loadByName('on-cpu');
    expect(await guest.compute(onCpu.id, [again])).toEqual([input(3)]);
    expect([reads.length, present()]).toEqual([1, 1]);
  });

  it('outlive their graph', async () => {
    const { engine } = open();
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    const { resident } = await computeOne(guest, id, 1);
    await guest.unload(id);
    expect((await guest.readTensor(resident)).data).toEqual(Uint8Array.of(2));
  });

  it('come as bytes from graphs that are not registered so', async () => {
    const { engine, present } = open();
    const guest = engine.connect();
    expect(await guest.compute((await guest.loadByName('fetched')).id, [input(1)])).toEqual([input(2)]);
    const { id } = await guest.load([onnxModel], 'onnx', 'gpu');
    expect(await guest.compute(id, [input(1)])).toEqual([input(2)]);
    expect(present()).toBe(0);
  });

  it('are not those of another guest, which cannot read, use or release them', async () => {
    const { engine, present } = open();
    const [owner, other] = [engine.connect(), engine.connect()];
    const [{ id }, { id: otherId }] = [await owner.loadByName('staying'), await other.loadByName('staying')];
    const { resident, again } = await computeOne(owner, id, 1);
    await expect(other.readTensor(resident)).rejects.toMatchObject(unknown(resident));
    await expect(other.compute(otherId, [again])).rejects.toMatchObject(unknown(resident));
    await other.releaseTensor(resident);
    await other.close();
    expect(present()).toBe(1);
    expect((await owner.readTensor(resident)).data).toEqual(Uint8Array.of(2));
  });

  it('must fit their input, whatever a guest says of them', async () => {
    const { engine } = open({ tensorBytes: 4 });
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    const { resident } = await computeOne(guest, id, 1, 2, 3);
    const claimed = (name: string): NamedLinkTensor => [name, { type: 'U8', dimensions: [0], resident }];
    await expect(guest.compute(id, [claimed('a'), claimed('b')])).rejects.toMatchObject({
      code: 'too-large',
      message: 'compute: 6 bytes of inputs are more than the 4 that the page allows',
    });
  });
});

describe('limits', () => {
  it('of what a guest has on devices: what does not fit comes as bytes', async () => {
    const { engine, present, reads } = open({ deviceBytes: 2 });
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    const outputs = await guest.compute(id, inputs(3));
    expect(outputs.map(([name, tensor]) => [name, isResident(tensor)])).toEqual([
      ['x0', true],
      ['x1', true],
      ['x2', false],
    ]);
    expect(outputs[2]).toEqual(['x2', input(3)[1]]);
    expect([present(), reads.length, engine.stats().deviceBytes]).toEqual([2, 1, 2]);
    await guest.releaseTensor(residentOf(outputs[0]));
    residentOf((await guest.compute(id, [input(1)]))[0]);
    const another = engine.connect();
    residentOf((await another.compute((await another.loadByName('staying')).id, [input(1)]))[0]);
  });

  it('of outputs: of those that are too large none stays', async () => {
    const { engine, present, faults, backend } = open({ tensorBytes: 3 });
    const { load } = backend;
    backend.load = async (...values) => {
      const graph = await load(...values);
      const twice = async (...values: Parameters<NonNullable<typeof graph.computeOnDevice>>) => [
        ...((await graph.computeOnDevice?.(...values)) ?? []),
        ...((await graph.computeOnDevice?.(...values)) ?? []),
      ];
      return { ...graph, computeOnDevice: twice };
    };
    faults.dispose = new Error('it cannot be released');
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    await expect(guest.compute(id, [input(1, 2)])).rejects.toMatchObject({
      code: 'too-large',
      message: 'compute: 4 bytes of outputs are more than the 3 that the page allows',
    });
    expect([present(), engine.stats().deviceBytes]).toEqual([0, 0]);
  });

  it('of calls, of which reading is one', async () => {
    const { engine } = open({ queuedCalls: 1 });
    const guest = engine.connect();
    const { resident } = await computeOne(guest, (await guest.loadByName('staying')).id, 1);
    const [first, second] = await Promise.allSettled([guest.readTensor(resident), guest.readTensor(resident)]);
    expect(first).toMatchObject({ status: 'fulfilled' });
    expect(second).toMatchObject({ reason: { code: 'too-large', message: expect.stringContaining('read: 2 calls') } });
  });
});

describe('an output that cannot be read', () => {
  it('takes the others of its computation along', async () => {
    const { engine, present, faults } = open({ deviceBytes: 1 });
    faults.read = (count) => (count === 1 ? new Error('mapAsync failed') : undefined);
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    await expect(guest.compute(id, inputs(4))).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('mapAsync failed'),
    });
    expect([present(), engine.stats().deviceBytes]).toEqual([0, 0]);
    residentOf((await guest.compute(id, [input(1)]))[0]);
  });

  it('says why, and stays', async () => {
    const { engine, faults } = open();
    const guest = engine.connect();
    const { resident } = await computeOne(guest, (await guest.loadByName('staying')).id, 1);
    faults.read = (count) => (count === 1 ? 13_372_040 : undefined);
    await expect(guest.readTensor(resident)).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'runtime-error',
      message: 'read: the runtime stopped with the bare code 13372040',
    });
    expect((await guest.readTensor(resident)).data).toEqual(Uint8Array.of(2));
  });

  it('is waited for by nobody while it is given back', async () => {
    const { engine, faults, present } = open();
    const guest = engine.connect();
    const { resident } = await computeOne(guest, (await guest.loadByName('staying')).id, 1);
    let goOn = () => {};
    faults.disposing = new Promise((resolve) => {
      goOn = resolve;
    });
    await guest.releaseTensor(resident);
    expect(present()).toBe(1);
    goOn();
    await settle();
    expect(present()).toBe(0);
  });

  it('is of no concern to the guest where it cannot be given back', async () => {
    const { engine, faults } = open();
    const guest = engine.connect();
    const { resident } = await computeOne(guest, (await guest.loadByName('staying')).id, 1);
    faults.dispose = new Error('it cannot be released');
    await guest.releaseTensor(resident);
    await settle();
    expect(engine.stats().deviceBytes).toBe(0);
  });
});

describe('close', () => {
  it('gives back what a guest has on devices, and no more can be read', async () => {
    const { engine, present } = open();
    const guest = engine.connect();
    const { resident } = await computeOne(guest, (await guest.loadByName('staying')).id, 1);
    await guest.close();
    expect([present(), engine.stats().deviceBytes]).toEqual([0, 0]);
    await expect(guest.readTensor(resident)).rejects.toMatchObject({ message: expect.stringContaining('disposed of') });
    await guest.releaseTensor(resident);
  });

  it('lets nothing stay of a computation that is under way, neither its inputs nor its outputs', async () => {
    const { engine, present, hold } = open();
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    const { again } = await computeOne(guest, id, 1);
    const release = hold();
    const failing = expect(guest.compute(id, [again])).rejects.toMatchObject({
      message: expect.stringContaining('disposed of'),
    });
    await settle();
    const closing = guest.close();
    await settle();
    // What is computed on is there until that has ended.
    expect(present()).toBe(1);
    release();
    await Promise.all([failing, closing]);
    await settle();
    expect(present()).toBe(0);
  });
});

describe('what the engine tells', () => {
  it('of a read is that it is one, on the board and in measures, whatever it was made for', async () => {
    const { engine, turns, events } = open({ deviceBytes: 1 });
    const guest = engine.connect();
    const staying = await guest.loadByName('staying', 1);
    const onCpu = await guest.loadByName('on-cpu', 2);
    turns.length = 0;
    const [output] = await guest.compute(staying.id, [input(1)], 3);
    await guest.readTensor(residentOf(output), 4);
    await guest.compute(staying.id, [input(1)], 5);
    const tensor: NamedLinkTensor = ['x', { type: 'U8', dimensions: [1], resident: residentOf(output) }];
    await guest.compute(onCpu.id, [tensor], 6);
    const expected: [TurnKind, number][] = [
      ['compute', 3],
      ['read', 4],
      ['compute', 5],
      ['read', 5],
      ['read', 6],
      ['compute', 6],
    ];
    expect(turns).toEqual(expected);
    const measured = events.flatMap((event) => (event.type === 'measure' ? [event.operation] : []));
    expect(measured.filter((operation) => operation !== 'load')).toEqual(expected.map(([kind]) => kind));
  });

  it('is not that its heap is too large while there are tensors on devices', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { engine, heap, outgrown } = open();
    const guest = engine.connect();
    const { id } = await guest.loadByName('staying');
    const { resident } = await computeOne(guest, id, 1);
    heap.bytes = 2 ** 40;
    await guest.unload((await guest.loadByName('fetched')).id);
    vi.advanceTimersByTime(60_000);
    expect(outgrown).toEqual([]);
    await guest.releaseTensor(resident);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outgrown).toHaveLength(1);
  });
});
