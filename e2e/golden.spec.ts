import type { Page } from '@playwright/test';
import type { ExecutionTarget } from '../src/index.js';
import { fromHalf } from '../src/standard/half.js';
import { fixtures, readFixture, withoutFixtures } from './fixture-data.js';
import { compute, events, loadByName, openProbe, type PageModel, type PlainTensor, succeeded } from './guest-page.js';
import { expect, test } from './test.js';

/** One entry of the fixtures' `golden.json`: what native ONNX Runtime answers. */
interface GoldenCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly outputs: Readonly<Record<string, GoldenTensor>>;
}

interface GoldenTensor {
  readonly file: string;
  readonly dtype: keyof typeof types;
  readonly dims: readonly number[];
}

const types = { float16: 'FP16', float32: 'FP32', float64: 'FP64', int32: 'I32', int64: 'I64', uint8: 'U8' } as const;

const providers = { cpu: 'wasm', gpu: 'webgpu', tpu: 'webnn' } as const;

/** SwiftShader needs seconds for each convolution of a large model. */
const smallModels = ['mnist.nine', 'ort-js-matmul'];

/** WebGPU computes one of its convolutions wrong. */
const notOnWebGPU = 'silero-vad.step';

/** Axes that a model leaves open, which WebNN cannot run. */
const freeDimensions: Readonly<Record<string, Record<string, number>>> = { 'squeezenet-dynbatch.dog+kitten': { N: 2 } };

const cases: readonly GoldenCase[] = fixtures ? JSON.parse(readFixture('golden.json').toString()) : [];

test('the golden outputs are there', () => {
  test.skip(!fixtures, withoutFixtures);
  expect(cases.length).toBeGreaterThanOrEqual(12);
});

for (const target of ['cpu', 'tpu', 'gpu'] as const) {
  test(`models on ${target} agree with native ONNX Runtime`, async ({ blank }) => {
    test.skip(!fixtures, withoutFixtures);
    const chosen = cases.filter(({ name }) => target !== 'gpu' || [...smallModels, notOnWebGPU].includes(name));
    const entries = chosen.map((golden) => [golden.name, entry(golden, target)]);
    await openProbe(blank, { models: Object.fromEntries(entries), allowSoftwareAdapter: true });
    for (const golden of chosen) await test.step(golden.name, () => expectGolden(blank, golden, target));
  });
}

async function expectGolden(page: Page, golden: GoldenCase, target: ExecutionTarget): Promise<void> {
  const { length: before } = await events(page);
  const graph = succeeded(await loadByName(page, golden.name));
  const outputs = succeeded(await compute(page, graph, inputsOf(golden)));

  const isElsewhere = target === 'gpu' && golden.name === notOnWebGPU;
  const device = expect.objectContaining({ provider: isElsewhere ? 'wasm' : providers[target] });
  const loaded = expect.objectContaining({ type: 'load', device });
  const moved = expect.objectContaining({ type: 'fallback', device });
  expect((await events(page)).slice(before)).toEqual(isElsewhere ? [moved, loaded] : [loaded]);
  expect(outputs.map(({ name }) => name)).toEqual(Object.keys(golden.outputs));
  for (const output of outputs) expectAgreement(output, golden.outputs[output.name]);
}

function entry({ name, model }: GoldenCase, target: ExecutionTarget): PageModel {
  return { url: `/fixtures/${model}`, target, freeDimensions: freeDimensions[name] ?? {} };
}

function inputsOf({ inputs }: GoldenCase): PlainTensor[] {
  return Object.entries(inputs).map(([name, { file, dtype, dims }]) => ({
    name,
    ty: types[dtype],
    dimensions: dims,
    data: readFixture(file),
  }));
}

function expectAgreement(output: PlainTensor, expected: GoldenTensor | undefined): void {
  if (!expected) throw new Error(`no expected output ${output.name}`);
  expect(output.ty).toBe(types[expected.dtype]);
  expect(output.dimensions).toEqual(expected.dims);
  const actualNumbers = numbers(Buffer.from(output.data), expected.dtype);
  const expectedNumbers = numbers(readFixture(expected.file), expected.dtype);
  expect(actualNumbers.length).toBe(expectedNumbers.length);
  const tolerance = expected.dtype === 'float16' ? 1e-2 : 1e-3;
  const errors = actualNumbers.map((value, index) => relativeError(value, expectedNumbers[index] ?? Number.NaN));
  expect(Math.max(...errors)).toBeLessThanOrEqual(tolerance);
}

/** The error, in units of the expected value where that is larger than one: logits of thousands have no more digits. */
function relativeError(actual: number, expected: number): number {
  return Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
}

function numbers(bytes: Buffer, dtype: GoldenTensor['dtype']): number[] {
  const read = {
    float16: (offset: number) => fromHalf(bytes.readUInt16LE(offset)),
    float32: (offset: number) => bytes.readFloatLE(offset),
    float64: (offset: number) => bytes.readDoubleLE(offset),
    int32: (offset: number) => bytes.readInt32LE(offset),
    int64: (offset: number) => Number(bytes.readBigInt64LE(offset)),
    uint8: (offset: number) => bytes.readUInt8(offset),
  }[dtype];
  const width = { float16: 2, float32: 4, float64: 8, int32: 4, int64: 8, uint8: 1 }[dtype];
  return Array.from({ length: bytes.byteLength / width }, (_, index) => read(index * width));
}
