import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { fromHalf } from '../src/standard/half.js';
import { coreModuleGuest, openContext, placeTensor, words } from './core-module-page.js';
import { fixtures, readFixture, withoutFixtures } from './fixture-data.js';
import {
  ask,
  compute,
  events,
  loadByName,
  openGuests,
  type PageModel,
  type PlainTensor,
  succeeded,
} from './guest-page.js';
import { expect, test } from './test.js';

/** Models of encodings that are converted to ONNX, through guests, against what their own runtimes answer. */

interface ImportedCase {
  readonly name: string;
  readonly encoding: 'openvino' | 'pytorch' | 'tensorflow';
  /** Files below the fixtures. */
  readonly parts: readonly string[];
  readonly inputs: readonly PlainTensor[];
  readonly outputs: readonly ExpectedOutput[];
}

interface ExpectedOutput {
  readonly ty: 'FP16' | 'FP32' | 'I32' | 'I64';
  readonly dimensions: readonly number[];
  readonly data: Buffer;
  /** Of each of so many parts of the output, every so many-th element is in `data`. Default: all are. */
  readonly sample?: { readonly parts: number; readonly step: number };
}

interface Described {
  readonly name: readonly string[];
  readonly type: keyof typeof types;
  readonly dims: readonly number[];
}

const types = { float16: 'FP16', float32: 'FP32', int32: 'I32', int64: 'I64' } as const;

const providers = { cpu: 'wasm', tpu: 'webnn' } as const;

/** How much of each output is compared between the two guests. A page hands bytes to the test number by number. */
const comparedBytes = 65_536;

const cases = fixtures ? [...openvinoCases(), ...pytorchCases(), ...tensorflowCases()] : [];

test('the models of other encodings are there', () => {
  test.skip(!fixtures, withoutFixtures);
  expect(cases.length).toBeGreaterThanOrEqual(18);
});

/** What is computed in one page. */
const groups: readonly (readonly [target: 'cpu' | 'tpu', encodings: readonly ImportedCase['encoding'][]])[] = [
  ['cpu', ['openvino']],
  ['cpu', ['pytorch', 'tensorflow']],
  ['tpu', ['openvino']],
  ['tpu', ['pytorch']],
  ['tpu', ['tensorflow']],
];

for (const [target, encodings] of groups) {
  const chosen = cases.filter(({ encoding }) => encodings.includes(encoding));
  // A converted model runs as any other: one encoding shows that on WebNN.
  const tag = target === 'tpu' && !encodings.includes('tensorflow') ? ['@long'] : [];
  test(`${encodings.join(' and ')} models on ${target} agree with their own runtime`, { tag }, async ({ blank }) => {
    test.skip(!fixtures, withoutFixtures);
    await openModels(blank, chosen, target);
    for (const imported of chosen) {
      await test.step(imported.name, () => expectSameThroughBoth(blank, imported));
      const loads = await events(blank);
      const device = { device: expect.objectContaining({ provider: providers[target] }) };
      // A guest of each kind has loaded it, and they share it.
      expect(loads.slice(chosen.indexOf(imported)), imported.name).toEqual([expect.objectContaining(device)]);
    }
  });
}

async function openModels(page: Page, models: readonly ImportedCase[], target: 'cpu' | 'tpu'): Promise<void> {
  const guests = { probe: 'probe.component.wasm', coreModule: 'witx-probe.wasm' };
  const entries = models.map((imported) => [imported.name, entry(imported, target)]);
  await openGuests(page, guests, { models: Object.fromEntries(entries) });
}

/** Computes a model through a component and through a core module. */
async function expectSameThroughBoth(page: Page, imported: ImportedCase): Promise<void> {
  const graph = succeeded(await loadByName(page, imported.name));
  const outputs = succeeded(await compute(page, graph, imported.inputs));
  expect(outputs).toHaveLength(imported.outputs.length);
  for (const [index, output] of outputs.entries()) expectAgreement(output, imported.outputs[index]);
  const beginnings = outputs.map(({ data }) => Buffer.from(data.subarray(0, comparedBytes)).toString('base64'));
  expect(await computeCoreModule(page, imported)).toEqual(beginnings);
}

/** Computes a model through the ABI of core modules, which knows inputs and outputs by their positions. */
async function computeCoreModule(page: Page, { name, inputs, outputs }: ImportedCase): Promise<string[]> {
  const coreModule = coreModuleGuest(page, 'coreModule');
  const { context } = await openContext(coreModule, name);
  for (const [index, { ty, dimensions, data }] of inputs.entries()) {
    const type = { FP16: 0, FP32: 1 }[ty] ?? -1;
    expect(
      await coreModule.call('set_input', context, index, await placeTensor(coreModule, { type, dimensions, data })),
    ).toBe(0);
  }
  expect(await coreModule.call('compute', context)).toBe(0);
  const answers: string[] = [];
  for (const [index, { dimensions, ty }] of outputs.entries()) {
    const length = elementsOf(dimensions) * { FP16: 2, FP32: 4, I32: 4, I64: 8 }[ty];
    const buffer = await coreModule.place(new Uint8Array(length));
    const written = await coreModule.place(words(0));
    expect(await coreModule.call('get_output', context, index, buffer, length, written)).toBe(0);
    expect(await coreModule.readU32(written)).toBe(length);
    answers.push(Buffer.from(await coreModule.read(buffer, Math.min(length, comparedBytes))).toString('base64'));
  }
  return answers;
}

test('guests use converted models as those that they were written for', async ({ blank }) => {
  test.skip(!fixtures, withoutFixtures);
  const model = { parts: ['/fixtures/encodings/pytorch/small.traced.pt'], encoding: 'pytorch' } as const;
  await openGuests(blank, { probe: 'probe.component.wasm' }, { models: { model } });
  await test.step('autodetect knows an OpenVINO model in either order of its parts, and a guest can use its names', () =>
    expectEitherOrder(blank));
  await test.step('the introductory example runs with the OpenVINO model that it was written for', () =>
    expectExamples(blank));
  await test.step('a PyTorch model serves inputs of several shapes', () => expectSeveralShapes(blank));
});

async function expectEitherOrder(page: Page): Promise<void> {
  const [xml, bin] = ['xml', 'bin'].map((end) => readFixture(`encodings/openvino/matmul.${end}`));
  const data = Buffer.from(Float32Array.from({ length: 12 }, (_, index) => index).buffer);

  for (const parts of [
    [xml, bin],
    [bin, xml],
  ]) {
    const graph = succeeded(await ask<number>(page, 'probe', 'load', parts, 'autodetect', 'cpu'));
    const inputs = [
      { name: 'b', ty: 'FP32', dimensions: [4, 3], data },
      { name: '0', ty: 'FP32', dimensions: [3, 4], data },
    ];
    const [output] = succeeded(await compute(page, graph, inputs));
    expect(output).toMatchObject({ name: 'c', ty: 'FP32', dimensions: [3, 3] });
    expect(Buffer.from(output?.data ?? []).readFloatLE(0)).toBe(0 * 0 + 1 * 3 + 2 * 6 + 3 * 9);
  }
}

async function expectExamples(page: Page): Promise<void> {
  const files = {
    'fixture/model.xml': '/fixtures/encodings/openvino/squeezenet.xml',
    'fixture/model.bin': '/fixtures/encodings/openvino/squeezenet.bin',
    'fixture/tensor.bgr': '/fixtures/tensors/kitten-1x3x224x224-f32.tensor',
  };
  const args = ['--model', 'fixture/model.xml', '--encoding', 'openvino', '--model', 'fixture/model.bin'];
  for (const program of ['example-witx-0-4.wasm', 'example-wit-10-28.component.wasm']) {
    const ending = await page.evaluate(
      ({ program, options }) => globalThis.guestPage.nn.run(`/guests/${program}`, options),
      { program, options: { files, args } },
    );
    expect(ending).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^1\.\) \[281\]/m), stderr: '', files: {} });
  }
}

async function expectSeveralShapes(page: Page): Promise<void> {
  const graph = succeeded(await loadByName(page, 'model'));
  for (const size of [16, 24, 16]) {
    const data = new Uint8Array(3 * size * size * 4);
    const outputs = succeeded(
      await compute(page, graph, [{ name: '0', ty: 'FP32', dimensions: [1, 3, size, size], data }]),
    );
    expect(outputs.map(({ dimensions }) => dimensions[0])).toEqual([1, 1, 1]);
  }
}

test('what cannot be converted is refused by name', async ({ blank }) => {
  await openGuests(blank, { probe: 'probe.component.wasm' }, { models: {} });
  const layer = (name: string, type: string) => `<layer id="${name}" name="${name}" type="${type}" version="opset1"/>`;
  const xml = `<net name="n" version="11"><layers>${layer('a', 'CTCLoss')}${layer('b', 'Bucketize')}</layers></net>`;

  const outcome = await ask(blank, 'probe', 'load', [Buffer.from(xml), new Uint8Array()], 'openvino', 'cpu');

  expect(outcome).toEqual({
    code: 'unsupported-operation',
    text: expect.stringContaining('CTCLoss in "a"; Bucketize in "b"'),
  });
});

function entry({ parts, encoding }: ImportedCase, target: 'cpu' | 'tpu'): PageModel {
  return { parts: parts.map((part) => `/fixtures/${part}`), encoding, target };
}

function openvinoCases(): ImportedCase[] {
  const folder = 'encodings/openvino';
  const index: { model: string; inputs: Described[]; outputs: Described[] }[] = JSON.parse(
    readFixture(`${folder}/index.json`).toString(),
  );
  const files = readdirSync(path.join(fixtures ?? '', folder));
  const described = index.filter(({ model }) => files.includes(`${model}.xml`));
  const ramp = Float32Array.from({ length: 3 * 512 * 896 }, (_, at) => ((at * 0.618) % 1) * 255);
  return [
    ...described.map(({ model, inputs, outputs }): ImportedCase => {
      const tensor =
        (kind: 'in' | 'out') =>
        ({ type, dims }: Described, at: number) =>
          ({ ty: types[type], dimensions: dims, data: readFixture(`${folder}/${model}.${kind}.${at}.bin`) }) as const;
      return {
        name: `openvino/${model}`,
        encoding: 'openvino',
        parts: [`${folder}/${model}.xml`, `${folder}/${model}.bin`],
        inputs: inputs.map((input, at) => ({ name: input.name[0] ?? String(at), ...tensor('in')(input, at) })),
        outputs: outputs.map(tensor('out')),
      };
    }),
    {
      name: 'openvino/road-segmentation',
      encoding: 'openvino',
      parts: ['models/road-segmentation.xml', 'models/road-segmentation.bin'],
      inputs: [{ name: 'data', ty: 'FP32', dimensions: [1, 3, 512, 896], data: Buffer.from(ramp.buffer) }],
      outputs: [
        {
          ty: 'FP32',
          dimensions: [1, 4, 512, 896],
          data: readFixture(`${folder}/road-segmentation.out.every97.bin`),
          sample: { parts: 4, step: 97 },
        },
      ],
    },
  ];
}

function pytorchCases(): ImportedCase[] {
  const folder = 'encodings/pytorch';
  const output = (file: string, dimensions: number[]) =>
    ({ ty: 'FP32', dimensions, data: readFixture(`${folder}/${file}`) }) as const;
  const kitten = {
    dimensions: [1, 3, 224, 224],
    data: readFixture('tensors/kitten-1x3x224x224-f32.tensor'),
    output: [output('squeezenet1_1.kitten.out.bin', [1, 1000])],
  };
  const small = {
    dimensions: [1, 3, 16, 16],
    data: readFixture(`${folder}/small.in.bin`),
    output: [
      output('small.out.0.bin', [1, 5]),
      output('small.out.1.bin', [1, 12]),
      output('small.out.2.bin', [1, 8, 16, 16]),
    ],
  };
  const models = readdirSync(path.join(fixtures ?? '', folder)).filter((file) => /\.pt2?$/.test(file));
  return models.map((file) => {
    const { dimensions, data, output } = file.startsWith('small') ? small : kitten;
    return {
      name: `pytorch/${file}`,
      encoding: 'pytorch',
      parts: [`${folder}/${file}`],
      inputs: [{ name: '0', ty: 'FP32', dimensions, data }],
      outputs: output,
    };
  });
}

function tensorflowCases(): ImportedCase[] {
  const folder = 'encodings/tensorflow';
  const model = (name: string, data: string, parts: string[], size: number, classes: number): ImportedCase => ({
    name: `tensorflow/${name}`,
    encoding: 'tensorflow',
    parts: parts.map((part) => `${folder}/${part}`),
    inputs: [{ name: '0', ty: 'FP32', dimensions: [1, size, size, 3], data: readFixture(`${folder}/${data}.in`) }],
    outputs: [{ ty: 'FP32', dimensions: [1, classes], data: readFixture(`${folder}/${data}.out`) }],
  });
  const saved = ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001'];
  return [
    model('small.pb', 'small', ['small.pb'], 32, 10),
    model('mobilenet_v2.pb', 'mobilenet_v2', ['mobilenet_v2.pb'], 96, 1000),
    model(
      'small_saved',
      'small',
      saved.map((part) => `small_saved/${part}`),
      32,
      10,
    ),
  ];
}

function expectAgreement(output: PlainTensor, expected: ExpectedOutput | undefined): void {
  if (!expected) throw new Error(`no expected output ${output.name}`);
  expect({ ty: output.ty, dimensions: output.dimensions }).toEqual({
    ty: expected.ty,
    dimensions: expected.dimensions,
  });
  const numbers = sampled(numbersOf(Buffer.from(output.data), expected.ty), expected.sample);
  const wanted = numbersOf(expected.data, expected.ty);
  expect(numbers).toHaveLength(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  const error =
    Math.max(...wanted.map((value, index) => Math.abs(value - (numbers[index] ?? Number.NaN)))) / (largest || 1);
  expect(error).toBeLessThanOrEqual(expected.ty === 'FP16' ? 1e-2 : 1e-4);
}

function sampled(numbers: readonly number[], sample: ExpectedOutput['sample']): readonly number[] {
  if (!sample) return numbers;
  const length = numbers.length / sample.parts;
  return numbers.filter((_, index) => (index % length) % sample.step === 0);
}

function numbersOf(bytes: Buffer, ty: ExpectedOutput['ty']): number[] {
  const [width, read] = {
    FP16: [2, (at: number) => fromHalf(bytes.readUInt16LE(at))] as const,
    FP32: [4, (at: number) => bytes.readFloatLE(at)] as const,
    I32: [4, (at: number) => bytes.readInt32LE(at)] as const,
    I64: [8, (at: number) => Number(bytes.readBigInt64LE(at))] as const,
  }[ty];
  return Array.from({ length: bytes.byteLength / width }, (_, index) => read(index * width));
}

function elementsOf(dimensions: readonly number[]): number {
  return dimensions.reduce((product, length) => product * length, 1);
}
