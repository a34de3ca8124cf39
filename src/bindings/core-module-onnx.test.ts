import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOnnxBackend } from '../backends/onnx/onnx.js';
import { connectTestClient, openTestHub } from '../hub/hub.fixture.js';
import { openUncachedModels } from '../models/models.fixture.js';
import { createFuzzer, type FuzzCall, type GoodValues } from './fuzz.fixture.js';
import { createTestGuest, TestMemory } from './guest.fixture.js';

const file = readFileSync(path.resolve(import.meta.dirname, '../../public/models/digits.onnx'));
const digits = new Uint8Array(file);
const shape = [1, 1, 28, 28];

const FP32 = 1;
const ONNX = 1;
const CPU = 0;

/** A guest of the hub as its worker assembles it, but for the cache. */
function start() {
  const { hub } = openTestHub({
    backends: [createOnnxBackend({ allowSoftwareAdapter: false })],
    models: openUncachedModels({ digits: { data: digits } }),
  });
  const engine = connectTestClient(hub);
  const memory = new TestMemory({ pages: 16 });
  const places = { out: memory.words(0), buffer: memory.room(64), image: memory.tensor(shape, FP32, stroke()) };
  return { engine, ...places, ...createTestGuest({ engine, memory }) };
}

type Started = ReturnType<typeof start>;

/** The digit 1, as far as a vertical stroke is one, normalised as the model wants it. */
function stroke(): Uint8Array {
  const pixels = new Float32Array(28 * 28);
  for (let row = 5; row < 23; row++) pixels.fill(1, row * 28 + 13, row * 28 + 15);
  return new Uint8Array(pixels.map((pixel) => (pixel - 0.1307) / 0.3081).buffer);
}

async function startContext(): Promise<Started> {
  const started = start();
  const { nn, memory, out } = started;
  expect(await nn('load', ...memory.builders(digits), ONNX, CPU, out)).toBe(0);
  expect(nn('init_execution_context', 0, out)).toBe(0);
  return started;
}

/** Loads and computes. @returns the digit */
async function classify({ nn, memory, out, buffer, image }: Started): Promise<number> {
  expect(await nn('load_by_name', ...memory.text('digits'), out)).toBe(0);
  const graph = memory.readWord(out);
  expect(nn('init_execution_context', graph, out)).toBe(0);
  const context = memory.readWord(out);
  expect(nn('set_input', context, 0, image)).toBe(0);
  expect(await nn('compute', context)).toBe(0);
  expect(nn('get_output', context, 0, buffer, 64, out)).toBe(0);
  expect(memory.readWord(out)).toBe(40);
  expect(nn('unload', graph)).toBe(0);
  const scores = [...new Float32Array(memory.memory.buffer, buffer, 10)];
  return scores.indexOf(Math.max(...scores));
}

describe('a real model', () => {
  it('is computed through wasi_ephemeral_nn and through wasi_nn, to the same bits', async () => {
    const { nn, wamr, memory, out, buffer, image } = await startContext();
    expect(nn('set_input', 0, 0, image)).toBe(0);
    expect(await nn('compute', 0)).toBe(0);
    expect(nn('get_output', 0, 0, buffer, 64, out)).toBe(0);
    const scores = memory.read(buffer, memory.readWord(out));
    expect(scores).toHaveLength(40);

    expect(await wamr('load', memory.words(...memory.builders(digits)), 6, CPU, out)).toBe(0);
    expect(wamr('init_execution_context', 1, out)).toBe(0);
    expect(wamr('set_input', 1, 0, memory.wamrTensor(shape, FP32, stroke()))).toBe(0);
    expect(await wamr('compute', 1)).toBe(0);
    const [again, size] = [memory.room(64), memory.words(16)];
    expect(wamr('get_output', 1, 0, again, size)).toBe(0);
    expect(memory.readWord(size)).toBe(10);
    expect(memory.read(again, 40)).toEqual(scores);
  });

  it('is loaded by name', async () => {
    expect(await classify(start())).toBe(1);
  });

  it('finishes what it computes when it is unloaded', async () => {
    const { nn, out, buffer, image } = await startContext();
    nn('set_input', 0, 0, image);
    const computing = nn('compute', 0);
    expect(nn('unload', 0)).toBe(0);
    expect(await computing).toBe(0);
    expect(nn('get_output', 0, 0, buffer, 64, out)).toBe(0);
    expect(await nn('compute', 0)).toBe(1);
  });
});

describe('what is wrong with a model or its use', () => {
  const gguf = new TextEncoder().encode('GGUF\u0003\u0000\u0000\u0000');

  it.each([
    ['garbage', [new Uint8Array(100).fill(0xff)], ONNX, 2],
    ['a model cut short', [digits.slice(0, 100_000)], ONNX, 2],
    ['a model of another encoding', [digits], 0, 2],
    ['a model that is recognised but not served', [gguf], 5, 2],
    ['two builders', [digits, Uint8Array.of(1)], ONNX, 1],
    ['no builder', [], ONNX, 1],
  ] satisfies [string, Uint8Array[], number, number][])(
    'is reported by load: %s',
    async (_what, parts, encoding, errno) => {
      const { nn, memory, out, errors } = start();
      expect(await nn('load', ...memory.builders(...parts), encoding, CPU, out)).toBe(errno);
      expect(errors).toHaveLength(1);
    },
  );

  it('is reported by the functions of a context', async () => {
    const { nn, memory, out, buffer, image } = await startContext();
    expect(await nn('compute', 0)).toBe(1);
    expect(nn('set_input', 0, 0, memory.tensor([28, 28], FP32, stroke()))).toBe(1);
    expect(nn('set_input', 0, 0, memory.tensor(shape, 2, new Uint8Array(28 * 28)))).toBe(1);
    expect(nn('set_input', 0, 1, image)).toBe(1);
    expect(nn('set_input', 0, 0, image)).toBe(0);
    expect(nn('get_output', 0, 0, buffer, 64, out)).toBe(5);
    expect(await nn('compute', 0)).toBe(0);
    expect(nn('get_output', 0, 1, buffer, 64, out)).toBe(1);
    expect(nn('get_output', 0, 0, buffer, 39, out)).toBe(7);
    expect(memory.readWord(out)).toBe(40);
  });

  it('is reported by load_by_name', async () => {
    const { nn, memory, out, errors } = start();
    expect(await nn('load_by_name', ...memory.text('letters'), out)).toBe(8);
    expect(errors).toEqual([expect.stringContaining('registered are "digits"')]);
  });
});

describe('a guest that calls at random', () => {
  function layOut({ memory, out, buffer, image }: Started): GoodValues {
    const [builders, count] = memory.builders(digits);
    const [garbage] = memory.builders(Uint8Array.of(1, 2, 3));
    const [name, nameLength] = memory.text('digits');
    return {
      builders: [builders, garbage],
      builderArray: [memory.words(builders, count)],
      count: [count],
      encoding: [ONNX, 5, 6],
      target: [0, 1, 2, 3],
      out: [out],
      name: [name],
      nameLength: [nameLength],
      text: [name],
      textLength: [0],
      index: [0],
      tensor: [image, memory.tensor([1], 2, Uint8Array.of(1))],
      wamrTensor: [memory.wamrTensor(shape, FP32, stroke())],
      buffer: [buffer],
      size: [39, 64],
      sizeInOut: [memory.words(16)],
    };
  }

  it('does not keep the engine from being right afterwards', async () => {
    const started = start();
    const { nn, wamr, memory } = started;
    const fuzzer = createFuzzer(7, layOut(started), memory);
    const pristine = memory.snapshot();
    const modules = { wasi_ephemeral_nn: nn, wasi_nn: wamr };
    const seen = new Set<number>();
    for (let round = 0; round < 1000; round++) {
      const made: FuzzCall = fuzzer.call();
      const result = await modules[made.module](made.name, ...made.args);
      fuzzer.learn(made, result);
      seen.add(result);
      new Uint8Array(memory.memory.buffer).set(pristine);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 5, 7, 8]);
    expect(await classify(started)).toBe(1);
  });
});
