import { describe, expect, it } from 'vitest';
import type { TensorInfo } from '../standard/tensor.js';
import { createFuzzer, type FuzzCall, type GoodValues, writtenRanges } from './fuzz.fixture.js';
import { createTestGuest, echoModel, FakeEngine, TestMemory } from './guest.fixture.js';

/** The last two with outputs that stay on a device until they are got. */
const guests = [1, 2, 3, 4, 5, 6, 7].map((seed) => ({ seed, keeps: seed > 5 }));
const callsPerSeed = 5000;

const inputs: readonly TensorInfo[] = [{ name: 'x', type: 'U8', shape: ['n'] }];

/** Lays out everything that a good call needs. */
function layOut(memory: TestMemory): { good: GoodValues; end: number } {
  const [builders, count] = memory.builders(echoModel);
  const [garbage] = memory.builders(Uint8Array.of(1, 2, 3));
  const [name, nameLength] = memory.text('echo');
  const [unknown] = memory.text('ohce');
  const [text, textLength] = memory.text('{"ctx-size":1024}');
  const outs = [memory.room(4), memory.room(4)];
  const good = {
    builders: [builders, builders, garbage],
    builderArray: [memory.words(builders, count), memory.words(garbage, 1)],
    count: [count],
    encoding: [1, 5, 6],
    target: [0, 1, 2, 3],
    out: outs,
    name: [name, name, unknown],
    nameLength: [nameLength],
    text: [text],
    textLength: [textLength],
    index: [0],
    tensor: [
      memory.tensor([3], 2, Uint8Array.of(1, 2, 3)),
      memory.tensor([3], 3, Uint8Array.of(1, 2, 3)),
      memory.tensor([0], 2, Uint8Array.of()),
      memory.tensor([2], 1, new Uint8Array(8)),
    ],
    wamrTensor: [memory.wamrTensor([3], 2, Uint8Array.of(4, 5, 6)), memory.wamrTensor([2], 1, new Uint8Array(8))],
    buffer: [memory.room(32), memory.room(32) + 1],
    size: [0, 2, 8, 31],
    sizeInOut: [memory.words(0), memory.words(2), memory.words(7)],
  } satisfies GoodValues;
  return { good, end: memory.room(0) };
}

function start({ seed, ...options }: { seed: number; keeps: boolean; asynchronous: boolean }) {
  const engine = new FakeEngine({ ...options, inputs });
  const memory = new TestMemory({ pages: 1 });
  const { good, end } = layOut(memory);
  const guest = createTestGuest({ engine, memory });
  const modules = { wasi_ephemeral_nn: guest.nn, wasi_nn: guest.wamr };
  const call = ({ module, name, args }: FuzzCall) => modules[module](name, ...args);
  return { ...guest, engine, end, call, fuzzer: createFuzzer(seed, good, memory) };
}

/** 103: `load_by_name_with_config` knows no such model. */
const errnos = [0, 1, 2, 3, 4, 5, 6, 7, 8, 103];

/** A guest that does everything right, in place of the one that did everything. */
async function expectInference({ nn, wamr, memory }: ReturnType<typeof start>): Promise<void> {
  const out = memory.words(0);
  expect(await nn('load', ...memory.builders(echoModel), 1, 0, out)).toBe(0);
  expect(nn('init_execution_context', memory.readWord(out), out)).toBe(0);
  const context = memory.readWord(out);
  const bytes = Uint8Array.of(250, 251, 252, 253);
  expect(wamr('set_input', context, 0, memory.wamrTensor([4], 2, bytes))).toBe(0);
  expect(await nn('compute', context)).toBe(0);
  const buffer = memory.room(4);
  expect(await nn('get_output', context, 0, buffer, 4, out)).toBe(0);
  expect(memory.read(buffer, 4)).toEqual([...bytes]);
}

/** Ends all contexts, with which all that they have goes. */
async function endContexts({ nn, engine }: ReturnType<typeof start>): Promise<void> {
  for (let context = 0; context < callsPerSeed; context++) nn('finalize_execution_context', context);
  await new Promise((resolve) => setImmediate(resolve));
  expect(engine.deviceTensors.size).toBe(0);
}

describe(`a guest that calls at random, ${callsPerSeed} times`, () => {
  it.each(guests)('gets an errno, changes nothing else, and can still do its work (%j)', async (guest) => {
    const started = start({ ...guest, asynchronous: false });
    const { memory, engine, end, call, fuzzer } = started;
    const pristine = memory.snapshot();
    const results = new Map<string, Set<number>>();
    for (let round = 0; round < callsPerSeed; round++) {
      fuzzer.corrupt(end);
      const before = memory.snapshot();
      const made = fuzzer.call();
      const result = await call(made);
      if (!errnos.includes(result)) throw new Error(`${JSON.stringify(made)} answered ${result}`);
      const bytes = new Uint8Array(memory.memory.buffer);
      fuzzer.learn(made, result);
      for (const [pointer, byteLength] of writtenRanges(made, result, memory)) {
        bytes.set(before.subarray(pointer, pointer + byteLength), pointer);
      }
      if (!memory.equals(before)) throw new Error(`${JSON.stringify(made)} (${result}) wrote where it may not`);
      bytes.set(pristine);
      engine.calls.length = 0;
      const key = `${made.module}.${made.name}`;
      results.set(key, (results.get(key) ?? new Set()).add(result));
    }
    // What was called at random was called well, too: else the test would prove little.
    expect([...results].filter(([, seen]) => !seen.has(0) || !seen.has(1))).toEqual([]);
    expect([...new Set([...results.values()].flatMap((seen) => [...seen]))].sort()).toEqual([0, 1, 103, 2, 5, 7, 8]);
    await expectInference(started);
    await endContexts(started);
  });

  it.each(guests)('gets an errno where calls overlap, too (%j)', async (guest) => {
    const started = start({ ...guest, asynchronous: true });
    const { engine, call, fuzzer } = started;
    const seen = new Set<number>();
    for (let round = 0; round < callsPerSeed / 10; round++) {
      const made = Array.from({ length: 10 }, () => fuzzer.call());
      const results = await Promise.all(made.map(call));
      for (const [index, result] of results.entries()) {
        seen.add(result);
        const done = made[index];
        if (done) fuzzer.learn(done, result);
      }
      engine.calls.length = 0;
    }
    expect([...seen].sort()).toEqual([0, 1, 103, 2, 4, 5, 7, 8]);
    await expectInference(started);
    await endContexts(started);
  });
});
