import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FuzzModel, FuzzOrder, FuzzResult } from './fuzz-worker.fixture.js';
import { writeTorchScript } from './pytorch/archive.fixture.js';
import { operatorGoldens, savedModelGolden } from './tensorflow/goldens.fixture.js';

// Damaged and hostile models end in an error that names the problem, within a second of processor time and 256 MiB: never
// in another exception, a hang, or a process that ends.

const project = path.resolve(import.meta.dirname, '../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');

const mebibyte = 2 ** 20;
/** For one model. The heap and what is outside of it come to 256 MiB. */
const most = { milliseconds: 1000, heapMebibytes: 192, bytes: 64 * mebibyte };

/** Nine kinds of mutations: 540 of each format. */
const rounds = 60;

const utf8 = new TextEncoder();
const fromBase64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const everyEighth = <Item>(items: readonly Item[]) => items.filter((_, index) => index % 8 === 0);

function openvinoModels(): FuzzModel[] {
  const groups = ['activation', 'control_flow', 'detection', 'recurrent', 'resize', 'shape', 'slicing', 'weights'];
  return groups.flatMap((group) => {
    const file = path.join(import.meta.dirname, `openvino/golden/${group}.json.gz`);
    const cases: { xml: string; bin: string }[] = JSON.parse(gunzipSync(readFileSync(file)).toString());
    return everyEighth(cases).map(({ xml, bin }) => ({ parts: [utf8.encode(xml), fromBase64(bin)] }));
  });
}

interface PyTorchGolden {
  readonly code: string;
  readonly inputs: readonly { readonly dims: readonly number[] }[];
}

function pytorchModels(): FuzzModel[] {
  const file = path.join(import.meta.dirname, 'pytorch/operators/golden.json');
  const goldens: readonly PyTorchGolden[] = JSON.parse(readFileSync(file, 'utf8'));
  const operators = everyEighth(goldens).map(({ code, inputs }) => ({
    parts: [writeTorchScript(code)],
    inputs: inputs.map(({ dims }) => ({ type: 'FP32' as const, dimensions: dims })),
  }));
  const folder = path.join(fixtures, 'encodings/pytorch');
  const names = existsSync(folder) ? ['small.traced.pt', 'small.scripted.pt', 'small.pt2'] : [];
  const image = { type: 'FP32', dimensions: [1, 3, 16, 16] } as const;
  const real = names.map((name) => ({
    parts: [new Uint8Array(readFileSync(path.join(folder, name)))],
    inputs: [image],
  }));
  // As often as the others together.
  return [...operators, ...Array.from({ length: 6 }, () => real).flat()];
}

function tensorflowModels(): FuzzModel[] {
  const savedModel = savedModelGolden();
  return [...everyEighth(operatorGoldens()), ...Array.from({ length: 6 }, () => savedModel)].map(({ parts }) => ({
    parts,
  }));
}

const models = { openvino: openvinoModels, pytorch: pytorchModels, tensorflow: tensorflowModels };

/** The code of the thread in one piece: Node does not run TypeScript. */
async function bundle(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: path.join(import.meta.dirname, 'fuzz-worker.fixture.ts'),
      write: false,
      rolldownOptions: { output: { format: 'es', codeSplitting: false } },
    },
    ssr: { noExternal: true },
  });
  const [output] = [built].flat();
  if (!output || !('output' in output)) throw new Error('Vite built nothing');
  return output.output[0].code;
}

function run(code: string, workerData: FuzzOrder): Promise<{ mutants: FuzzResult[]; bombs: FuzzResult[] }> {
  return new Promise((resolve, reject) => {
    const url = new URL(`data:text/javascript,${encodeURIComponent(code)}`);
    const resourceLimits = { maxOldGenerationSizeMb: most.heapMebibytes, stackSizeMb: 1 };
    const worker = new Worker(url, { workerData, resourceLimits });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (status) => reject(new Error(`the thread ended with ${status}`)));
  });
}

let code = '';
beforeAll(async () => {
  code = await bundle();
}, 60_000);

describe.each(['openvino', 'pytorch', 'tensorflow'] as const)('models of %s that are damaged', (format) => {
  let results: Awaited<ReturnType<typeof run>> = { mutants: [], bombs: [] };
  // The thread ends with an error where its heap takes more than there may be.
  beforeAll(async () => {
    results = await run(code, { format, models: models[format](), seed: 20_261_121, rounds });
  }, 60_000);

  it('are 500 and more, of each kind as many, and most of them are models no longer', () => {
    const { mutants } = results;

    expect(mutants.length).toBeGreaterThanOrEqual(500);
    expect(new Set(mutants.map(({ kind }) => kind)).size * rounds).toBe(mutants.length);
    expect(mutants.filter(({ error }) => error).length).toBeGreaterThan(mutants.length / 2);
    expect(results.bombs.length).toBeGreaterThan(5);
  });

  it('end in an error with a code and a text that names the problem', () => {
    const errors = [...results.mutants, ...results.bombs].flatMap(({ error }) => error ?? []);

    expect(errors.filter(({ isOurs, text }) => !isOurs || !/^(load|compute): .{20}/s.test(text))).toEqual([]);
  });

  it('take less than a second of processor time each', () => {
    const all = [...results.mutants, ...results.bombs];

    expect(all.filter(({ milliseconds }) => milliseconds > most.milliseconds)).toEqual([]);
  });

  it('take little memory outside of the heap', () => {
    const all = [...results.mutants, ...results.bombs];

    expect(all.filter(({ bytes }) => bytes > most.bytes)).toEqual([]);
  });
});
