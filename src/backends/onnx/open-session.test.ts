import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { describe, expect, it } from 'vitest';
import type { TensorValue } from '../../standard/tensor.js';
import type { DeviceTensor } from '../backend.js';
import { isDeviceTensor } from '../device-tensor.js';
import { openSession } from './open-session.js';
import type { Candidate } from './providers.js';
import type { Runtime } from './runtimes.js';

/** Outputs that stay on a device, of which Node has none: onnxruntime is made up here. Real ones: `e2e/device-tensors`. */

const value: TensorValue = { type: 'U8', dimensions: [2], data: Uint8Array.of(1, 2) };
const inputs = new Map([['x', value]]);

/** A tensor as onnxruntime has it: on the device until it is read or disposed of, and the session must be there then. */
class FakeTensor {
  readonly type = 'uint8';
  readonly dims = [2];
  readonly log: string[];
  readonly name: string;
  location: string;
  fault: unknown;

  constructor(name: string, log: string[], location = 'gpu-buffer') {
    this.name = name;
    this.log = log;
    this.location = location;
  }

  get data(): Uint8Array {
    if (this.location !== 'cpu') throw new Error('the data is not on CPU');
    return Uint8Array.of(2, 4);
  }

  async getData(): Promise<Uint8Array> {
    if (this.location !== 'cpu') this.log.push(`read ${this.name}`);
    if (this.fault) throw this.fault;
    this.location = 'cpu';
    return this.data;
  }

  dispose(): void {
    this.log.push(`dispose ${this.name}`);
  }
}

/** Sessions with one output, which says how each computation is to go. */
function open(computations: readonly (() => Record<string, FakeTensor>)[] = []) {
  const log: string[] = [];
  const fed: unknown[] = [];
  const made: FakeTensor[] = [];
  const rest = [...computations];
  const compute = () => {
    const tensor = new FakeTensor(`y${made.length}`, log);
    made.push(tensor);
    return { y: tensor };
  };
  const session = {
    outputNames: ['y'],
    inputMetadata: [{ isTensor: true, name: 'x', type: 'uint8', shape: [2] }],
    outputMetadata: [{ isTensor: true, name: 'y', type: 'uint8', shape: [2] }],
    run: async ({ x }: Record<string, unknown>) => {
      fed.push(x);
      return (rest.shift() ?? compute)();
    },
    release: async () => {
      log.push('release');
    },
  };
  const ort = {
    InferenceSession: { create: async () => session as unknown as InferenceSession },
    Tensor: class {} as unknown as Tensor,
  } as unknown as Runtime['ort'];
  const runtime: Runtime = { ort, threads: 1, breakdown: new AbortController() };
  const device = { target: 'gpu', provider: 'webgpu', description: 'made up' } as const;
  const owner = {};
  const candidate = (where: object): Candidate => ({
    provider: 'webgpu',
    target: 'gpu',
    place: async () => ({
      device,
      runtime,
      executionProvider: 'webgpu',
      tensorLocation: { location: 'gpu-buffer', owner: where, types: new Set(['uint8']) },
    }),
  });
  const order = {
    parts: { model: Uint8Array.of(1), externalData: [] },
    loadOptions: { target: 'gpu', outputs: 'device' },
    options: { allowSoftwareAdapter: false },
  } as const;
  const place = (where: object = owner) => openSession(candidate(where), order, true);
  return { place, log, fed, made, runtime };
}

async function computeOne({ run }: Awaited<ReturnType<ReturnType<typeof open>['place']>>): Promise<DeviceTensor> {
  const [output] = await run(inputs);
  if (!output || !isDeviceTensor(output[1])) throw new Error('the output has not stayed');
  return output[1];
}

describe('an output that stays', () => {
  it('is read from the device once, and its bytes are given away each time', async () => {
    const { place, log } = open();
    const tensor = await computeOne(await place());
    const [first, second] = [await tensor.read(), await tensor.read()];
    expect([first, second]).toEqual([Uint8Array.of(2, 4), Uint8Array.of(2, 4)]);
    expect(first.buffer).not.toBe(second.buffer);
    expect(log).toEqual(['read y0']);
  });

  it('is an input as it is for a session on the same device, and by its bytes for one on another', async () => {
    const { place, log, fed, made } = open();
    const [near, far] = [await place(), await place({})];
    const x = await computeOne(near);
    await near.run(new Map([['x', x]]));
    expect(fed[1]).toBe(made[0]);
    expect(log).toEqual([]);
    await far.run(new Map([['x', x]]));
    expect(fed[2]).not.toBe(made[0]);
    expect(log).toEqual(['read y0']);
  });

  it('comes to memory before its session goes, so that nothing keeps that', async () => {
    const { place, log } = open();
    const session = await place();
    const [first, second] = [await computeOne(session), await computeOne(session)];
    await first.dispose();
    await session.release();
    expect(log).toEqual(['dispose y0', 'read y1', 'release']);
    expect(await second.read()).toEqual(Uint8Array.of(2, 4));
    await second.dispose();
    expect(log.slice(3)).toEqual(['dispose y1']);
  });

  it('does not keep its session where it cannot be read', async () => {
    const { place, log, made } = open();
    const session = await place();
    const tensor = await computeOne(session);
    for (const tensor of made) tensor.fault = new Error('mapAsync failed');
    await session.release();
    expect(log).toEqual(['read y0', 'release']);
    await expect(tensor.read()).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('mapAsync failed'),
    });
  });
});

it('of outputs of which one has no name in wasi-nn none stays', async () => {
  const log: string[] = [];
  const { place } = open([() => ({ y: Object.assign(new FakeTensor('y', log), { type: 'int8' }) })]);
  await expect((await place()).run(inputs)).rejects.toMatchObject({ code: 'unsupported-operation' });
  expect(log).toEqual(['dispose y']);
});
