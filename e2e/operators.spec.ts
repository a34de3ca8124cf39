import path from 'node:path';
import type { Page } from '@playwright/test';
import { examine } from '../src/backends/onnx/distrust.js';
import { model, node, value } from '../src/backends/onnx/model.fixture.js';
import type { ExecutionTarget, TensorType } from '../src/index.js';
import { fromHalf } from '../src/standard/half.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { type CaseTensor, type OperatorCase, readCases } from './operator-cases.js';
import { numbered, parameterCases } from './parameter-cases.js';
import { expect, test } from './test.js';

// Where WebNN refuses to build a graph, Chromium has been seen to crash in a process that had used WebNN before.
test.use({ ownProcess: true });

/** ONNX's operator tests among the fixtures, with all devices that serve them: a fallback must not pass for a success. */

const providers = { cpu: 'wasm', gpu: 'webgpu', tpu: 'webnn' } as const;

/**
 * The cases that another provider serves than the target's. SwiftShader has no half-precision numbers, onnxruntime no
 * kernels for some types on devices, and WebNN takes few of these operators: its parameters must be constants.
 */
const elsewhere: Readonly<Record<ExecutionTarget, Readonly<Record<string, RegExp>>>> = {
  cpu: {},
  gpu: {
    wasm: /cast.*FLOAT16|cumprod|cumsum_1d|max_float(16|64)|min_float16|reduce_max_empty/,
  },
  tpu: {
    wasm: /cast.*DOUBLE_to_FLOAT16|cumprod|cumsum_1d|max_float64|reduce_max_empty/,
    webgpu:
      /attention|bitcast|bitshift|window|clip|constantofshape|cumsum_2d|det_2d|einsum|maxpool|mod_|pow_types_.*(int64|int32_float32)|reduce_(l1|l2|sum)_empty|reshape_allow|sce_sum|shape|size|split_zero|top_k|tril|triu|sequence/,
  },
};

const types: Readonly<Record<string, TensorType>> = {
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  uint8: 'U8',
  bool: 'U8',
  int32: 'I32',
  int64: 'I64',
};

const tolerances: Readonly<Partial<Record<TensorType, number>>> = { FP16: 1e-2, FP32: 1e-3, FP64: 1e-6 };

interface PageTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: string;
}

interface PageCase {
  readonly name: string;
  readonly model: string;
  readonly inputs: readonly PageTensor[];
}

interface Outcome {
  readonly name: string;
  readonly provider?: string;
  /** Why the target's provider does not serve. */
  readonly reason?: string;
  readonly outputs?: readonly PageTensor[];
  readonly error?: string;
}

for (const target of ['cpu', 'gpu', 'tpu'] as const) {
  test(`ONNX's operator tests on ${target}`, async ({ blank }) => {
    test.skip(!fixtures, withoutFixtures);
    const cases = readCases(path.join(fixtures ?? '', 'onnx-backend'));
    expect(cases.length).toBe(79);
    const outcomes = await computeAll(blank, cases.map(toPageCase), target);
    const faults = outcomes.map(({ error, outputs = [] }, index) => {
      return error ?? difference(outputs, cases[index]?.outputs ?? []) ?? 'none';
    });
    const actual = outcomes.map(({ name, provider }, index) => [name, provider, faults[index]]);
    expect(actual).toEqual(cases.map(({ name }) => [name, expectedProvider(name, target), 'none']));
  });
}

for (const target of ['gpu', 'tpu'] as const) {
  test(`what ${providers[target]} is not trusted with runs elsewhere, and leaves the device for others`, async ({
    blank,
  }) => {
    const cases = parameterCases().filter(({ model }) => distrustOf(model, target) !== undefined);
    expect(cases.length).toBeGreaterThan(5);
    const good = { name: 'good', model: trusted, inputs: [numbered([2, 3])], outputs: [] };
    const given = [good, ...cases, good].map(toPageCase);
    const right = await computeAll(blank, given, 'cpu');
    // SwiftShader would take seconds for what WebNN is not trusted with.
    const outcomes = await computeAll(blank, given, target, ['wasm']);
    for (const [index, { name, provider, reason, outputs = [] }] of outcomes.entries()) {
      const isGood = name === 'good';
      expect([name, provider]).toEqual([name, isGood ? providers[target] : 'wasm']);
      expect(reason, name).toBe(isGood ? '' : distrustOf(given[index]?.model ?? '', target));
      expect(outputs.length, name).toBeGreaterThan(0);
      expect(outputs, name).toEqual(isGood ? expect.anything() : right[index]?.outputs);
    }
  });
}

/** y = x + x. */
const trusted = Buffer.from(
  model({ nodes: [node('Add', ['x', 'x'], ['y'])], inputs: [value('x', [2, 3])], outputs: [value('y', [2, 3])] }),
);

function distrustOf(bytes: Buffer | string, target: ExecutionTarget): string | undefined {
  const binary = typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes;
  return examine(Uint8Array.from(binary), target).distrust.get(providers[target]);
}

function expectedProvider(name: string, target: ExecutionTarget): string {
  const others = Object.entries(elsewhere[target]);
  return others.find(([, names]) => names.test(name))?.[0] ?? providers[target];
}

function toPageCase({ name, model, inputs }: OperatorCase): PageCase {
  return { name, model: model.toString('base64'), inputs: inputs.map(toPageTensor) };
}

function toPageTensor({ name, type, dims, data }: CaseTensor, index: number): PageTensor {
  // Files without a name are in the order of the inputs.
  return { name: name || String(index), type: types[type] ?? 'U8', dims, data: data.toString('base64') };
}

/** Computes all cases in one page, one after another, so that a device that is lost is missed by the next. */
function computeAll(
  page: Page,
  cases: readonly PageCase[],
  target: ExecutionTarget,
  fallback: boolean | readonly ('webgpu' | 'wasm')[] = true,
): Promise<Outcome[]> {
  return page.evaluate(
    async ({ cases, target, fallback }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN({ allowSoftwareAdapter: true, fallback });
      let provider = '';
      let reason = '';
      for (const type of ['load', 'fallback'] as const)
        nn.addEventListener(type, ({ detail }) => {
          provider = detail.device.provider;
          if (detail.type === 'fallback') reason = detail.steps[0]?.reason ?? '';
        });
      const bytes = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const base64 = (data: Uint8Array) => btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
      const outcomes: Outcome[] = [];
      for (const { name, model, inputs } of cases) {
        reason = '';
        try {
          const graph = await nn.load([bytes(model)], { encoding: 'onnx', target });
          const given = inputs.map(({ name: input, type, dims, data }) => {
            return [input, { type, dimensions: dims, data: bytes(data) }] as const;
          });
          const results = await graph.compute(Object.fromEntries(given));
          const outputs = Object.entries(results).map(([output, { type, dimensions, data }]) => {
            const { buffer, byteOffset, byteLength } = data;
            return {
              name: output,
              type,
              dims: dimensions,
              data: base64(new Uint8Array(buffer, byteOffset, byteLength)),
            };
          });
          await graph.dispose();
          outcomes.push({ name, provider, reason, outputs });
        } catch (cause) {
          outcomes.push({ name, provider, reason, error: String(cause).slice(0, 300) });
        }
      }
      nn.dispose();
      return outcomes;
    },
    { cases, target, fallback },
  );
}

/** The first output that is not as it should be, in words. */
function difference(actual: readonly PageTensor[], expected: readonly CaseTensor[]): string | undefined {
  for (const [index, wanted] of expected.entries()) {
    const found = actual[index];
    if (!found || found.dims.join() !== wanted.dims.join())
      return `${wanted.name}: [${found?.dims}], not [${wanted.dims}]`;
    const [came, due] = [numbers(found.type, Buffer.from(found.data, 'base64')), numbers(found.type, wanted.data)];
    const tolerance = tolerances[found.type] ?? 0;
    const at = due.findIndex((value, position) => {
      const other = came[position] ?? Number.NaN;
      return (
        !Object.is(value, other) &&
        value !== other &&
        !(Math.abs(other - value) <= tolerance * Math.max(1, Math.abs(value)))
      );
    });
    if (at !== -1) return `${wanted.name}: ${came[at]} at ${at}, not ${due[at]}`;
  }
  return undefined;
}

function numbers(type: TensorType, data: Buffer): number[] {
  const { buffer } = Uint8Array.from(data);
  switch (type) {
    case 'FP32':
      return [...new Float32Array(buffer)];
    case 'FP64':
      return [...new Float64Array(buffer)];
    case 'I32':
      return [...new Int32Array(buffer)];
    case 'I64':
      return Array.from(new BigInt64Array(buffer), Number);
    case 'U8':
      return [...new Uint8Array(buffer)];
    case 'FP16':
    case 'BF16':
      return Array.from(new Uint16Array(buffer), fromHalf);
  }
}
