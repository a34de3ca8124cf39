import { parentPort, workerData } from 'node:worker_threads';
import { WasiNNError } from '../standard/error.js';
import { createRandomBelow } from '../standard/random.fixture.js';
import type { TensorShape } from '../standard/tensor.js';
import { bombs } from './bombs.fixture.js';
import { mutations } from './mutations.fixture.js';
import { importOpenvino } from './openvino/import-openvino.js';
import { writeArchive } from './pytorch/archive.fixture.js';
import { readArchive } from './pytorch/archive.js';
import { readPyTorch } from './pytorch/index.js';
import { importTensorflow } from './tensorflow/import-tensorflow.js';

// Converts damaged models in a thread of its own, whose heap is bounded: more than that ends the thread.

export interface FuzzModel {
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  /** What a PyTorch program gets. */
  readonly inputs?: readonly TensorShape[];
}

/** What the thread is started with. */
export interface FuzzOrder {
  readonly format: 'openvino' | 'pytorch' | 'tensorflow';
  readonly models: readonly FuzzModel[];
  readonly seed: number;
  /** Of each kind of mutation. */
  readonly rounds: number;
}

export interface FuzzResult {
  readonly kind: string;
  /** Of processor time, all threads of the process together. */
  readonly milliseconds: number;
  /** By how much the memory outside of the heap grew. */
  readonly bytes: number;
  /** Undefined for a model that could be converted. */
  readonly error: { readonly isOurs: boolean; readonly text: string } | undefined;
}

type Convert = (parts: readonly Uint8Array<ArrayBuffer>[]) => Promise<unknown>;

/** The parts that are damaged, and what makes a model of them again. */
interface Subject {
  readonly parts: readonly Uint8Array[];
  readonly convert: (parts: readonly Uint8Array[]) => Promise<unknown>;
}

const owned = (parts: readonly Uint8Array[]) => parts.map((part) => new Uint8Array(part));

function converterOf(format: FuzzOrder['format'], inputs: readonly TensorShape[] = []): Convert {
  if (format === 'openvino') return importOpenvino;
  if (format === 'tensorflow') return importTensorflow;
  return async ([archive = new Uint8Array()]) => (await readPyTorch(archive)).specialise(inputs);
}

/** The entries that say what a model is. Its weights are only numbers. */
const described = /\.(pkl|py|json)$/;

/** A model as it is; of PyTorch also its entries, which would otherwise hide behind their checksums. */
async function subjectsOf(format: FuzzOrder['format'], { parts, inputs }: FuzzModel): Promise<Subject[]> {
  const convert = converterOf(format, inputs);
  const whole: Subject = { parts, convert: (mutated) => convert(owned(mutated)) };
  const [archive] = parts;
  if (format !== 'pytorch' || !archive) return [whole];
  const entries = [...(await readArchive(archive))];
  const names = entries.flatMap(([name]) => (described.test(name) ? name : []));
  const inside: Subject = {
    parts: entries.flatMap(([name, content]) => (described.test(name) ? content : [])),
    convert(mutated) {
      const changed = new Map(names.map((name, index) => [name, mutated[index]]));
      const contents = entries.map(([name, content]) => ({ name, content: changed.get(name) ?? content }));
      // An entry without content is lost.
      return convert([writeArchive(contents.filter(({ content }) => content.byteLength > 0))]);
    },
  };
  return [whole, inside, inside, inside];
}

async function measure(kind: string, run: () => Promise<unknown>): Promise<FuzzResult> {
  const { arrayBuffers } = process.memoryUsage();
  const start = process.cpuUsage();
  const error = await run().then(() => undefined, describe);
  const { user, system } = process.cpuUsage(start);
  return {
    kind,
    milliseconds: (user + system) / 1000,
    bytes: process.memoryUsage().arrayBuffers - arrayBuffers,
    error,
  };
}

function describe(cause: unknown): FuzzResult['error'] {
  return { isOurs: cause instanceof WasiNNError, text: String(cause instanceof Error ? cause.message : cause) };
}

async function fuzz({ format, models, seed, rounds }: FuzzOrder): Promise<FuzzResult[]> {
  const random = createRandomBelow(seed);
  const subjects = (await Promise.all(models.map((model) => subjectsOf(format, model)))).flat();
  const results: FuzzResult[] = [];
  for (const [kind, mutate] of Object.entries(mutations)) {
    for (let round = 0; round < rounds; round++) {
      const subject = subjects[random(subjects.length)];
      const other = subjects[random(subjects.length)];
      if (!subject || !other) continue;
      const parts = mutate(subject.parts, random, other.parts);
      results.push(await measure(kind, () => subject.convert(parts)));
    }
  }
  return results;
}

async function explode(format: FuzzOrder['format']): Promise<FuzzResult[]> {
  const results: FuzzResult[] = [];
  const inputs: readonly TensorShape[] = [{ type: 'FP32', dimensions: [2, 3] }];
  for (const { name, parts } of bombs.filter((bomb) => bomb.format === format)) {
    const bytes = owned(parts());
    results.push(await measure(name, () => converterOf(format, inputs)(bytes)));
  }
  return results;
}

const order: FuzzOrder = workerData;
const mutants = await fuzz(order);
parentPort?.postMessage({ mutants, bombs: await explode(order.format) });
