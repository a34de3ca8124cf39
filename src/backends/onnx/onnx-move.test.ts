import { beforeEach, expect, it, vi } from 'vitest';
import type { FallbackStep } from '../backend.js';
import { isDeviceTensor, type NamedComputedTensor } from '../device-tensor.js';
import { createOnnxBackend } from './onnx.js';
import type { Candidate, Placement } from './providers.js';
import type { Runtime } from './runtimes.js';

/** Graphs whose first computation fails on a device, with inputs that are on that device. Devices are made up here. */

let log: string[];
/** What the next computations on the device fail with. */
let faults: unknown[];
let candidates: Candidate[];

vi.mock('./providers.js', async (importOriginal) => ({
  ...(await importOriginal<typeof import('./providers.js')>()),
  candidatesFor: () => candidates,
}));

beforeEach(() => {
  log = [];
  faults = [];
  candidates = [
    candidate('webgpu', true, () => {
      const fault = faults.shift();
      if (fault) throw fault;
    }),
    candidate('wasm', false, () => undefined),
  ];
});

/** A device whose sessions answer with one output, which stays on it if it keeps any. */
function candidate(provider: 'webgpu' | 'wasm', keeps: boolean, onRun: () => void): Candidate {
  let outputs = 0;
  const output = () => {
    const name = `${provider} output ${outputs++}`;
    const tensor = {
      type: 'uint8',
      dims: [1],
      location: keeps ? 'gpu-buffer' : 'cpu',
      data: Uint8Array.of(7),
      async getData() {
        log.push(`read ${name}`);
        tensor.location = 'cpu';
      },
      dispose: () => log.push(`dispose ${name}`),
    };
    return tensor;
  };
  const create = async () => ({
    outputNames: ['y'],
    inputMetadata: [{ isTensor: true, name: 'x', type: 'uint8', shape: [1] }],
    outputMetadata: [{ isTensor: true, name: 'y', type: 'uint8', shape: [1] }],
    async run() {
      log.push(`run on ${provider}`);
      onRun();
      return { y: output() };
    },
    release: async () => {
      log.push(`release on ${provider}`);
    },
  });
  const runtime: Runtime = {
    ort: { InferenceSession: { create }, Tensor: class {} } as unknown as Runtime['ort'],
    threads: 1,
    breakdown: new AbortController(),
  };
  const target = keeps ? 'gpu' : 'cpu';
  const placement: Placement = {
    device: { target, provider, description: 'made up' },
    runtime,
    executionProvider: provider,
    ...(keeps ? { tensorLocation: { location: 'gpu-buffer', owner: {}, types: new Set(['uint8']) } as const } : {}),
  };
  return { provider, target, place: async () => placement };
}

async function load() {
  const moves: string[] = [];
  const onMove = (_steps: readonly FallbackStep[], { provider }: { provider: string }) => moves.push(provider);
  const options = { target: 'gpu', outputs: 'device', verify: false, onMove } as const;
  const graph = await createOnnxBackend({ allowSoftwareAdapter: false }).load([Uint8Array.of(8)], options);
  const compute = async (x: NamedComputedTensor[1]) => {
    const [output] = (await graph.computeOnDevice?.(new Map([['x', x]]))) ?? [];
    if (!output) throw new Error('there is no output');
    return output[1];
  };
  return { graph, compute, moves };
}

const value = { type: 'U8', dimensions: [1], data: Uint8Array.of(1) } as const;

it('a graph that moves reads its inputs, which stay for others', async () => {
  const [first, second] = [await load(), await load()];
  const x = await first.compute(value);
  faults.push(new Error('refused'));
  expect(await second.compute(x)).toEqual({ type: 'U8', dimensions: [1], data: Uint8Array.of(7) });
  expect(second.moves).toEqual(['wasm']);
  expect(log).toEqual(['run on webgpu', 'run on webgpu', 'read webgpu output 0', 'run on wasm', 'release on webgpu']);
  expect(isDeviceTensor(await first.compute(x))).toBe(true);
});

it('a graph that can be computed nowhere leaves its inputs alone', async () => {
  const [first, second] = [await load(), await load()];
  const x = await first.compute(value);
  faults.push(new Error('refused'));
  candidates.pop();
  const third = await load();
  await expect(third.compute(x)).rejects.toMatchObject({ message: expect.stringContaining('refused') });
  expect(isDeviceTensor(await second.compute(x))).toBe(true);
  expect(log.filter((line) => !line.startsWith('run'))).toEqual([]);
});
