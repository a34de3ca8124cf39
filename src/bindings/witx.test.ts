import { describe, expect, it } from 'vitest';
import { maximumContexts } from '../rpc/limits.js';
import type { TensorInfo } from '../standard/tensor.js';
import { createTestGuest, echoModel, FakeEngine, TestMemory } from './guest.fixture.js';

const maxU32 = 0xffffffff;
const page = 65_536;
const untouched = 0xeeeeeeee;

/** A guest whose engine answers at once, with a place for results. */
function start({ inputs, memory = new TestMemory() }: { inputs?: readonly TensorInfo[]; memory?: TestMemory } = {}) {
  const engine = new FakeEngine(inputs ? { inputs } : {});
  const out = memory.words(untouched);
  return { engine, out, ...createTestGuest({ engine, memory }) };
}

type Started = ReturnType<typeof start>;

/** As {@link start}, with a graph and a context, both 0. */
function startContext(options?: Parameters<typeof start>[0]): Started {
  const started = start(options);
  const { nn, memory, out } = started;
  expect(nn('load', ...memory.builders(echoModel), 1, 0, out)).toBe(0);
  expect(nn('init_execution_context', 0, out)).toBe(0);
  return started;
}

function startComputed(...values: number[]): Started {
  const started = startContext();
  const { nn, memory } = started;
  expect(nn('set_input', 0, 0, memory.tensor([values.length], 2, Uint8Array.from(values)))).toBe(0);
  expect(nn('compute', 0)).toBe(0);
  return started;
}

describe('a guest', () => {
  it.each([false, true])('loads, sets, computes and gets (asynchronous client: %s)', async (asynchronous) => {
    const memory = new TestMemory();
    const { nn, errors } = createTestGuest({ engine: new FakeEngine({ asynchronous }), memory });
    const [graph, context, written] = [memory.words(untouched), memory.words(untouched), memory.words(untouched)];
    const buffer = memory.room(8);

    const loaded = nn('load', ...memory.builders(echoModel), 1, 0, graph);
    expect(loaded instanceof Promise).toBe(asynchronous);
    expect(await loaded).toBe(0);
    expect(memory.readWord(graph)).toBe(0);
    expect(nn('init_execution_context', 0, context)).toBe(0);
    expect(memory.readWord(context)).toBe(0);
    expect(nn('set_input', 0, 0, memory.tensor([3], 2, Uint8Array.of(7, 8, 9)))).toBe(0);
    const computed = nn('compute', 0);
    expect(computed instanceof Promise).toBe(asynchronous);
    expect(await computed).toBe(0);
    expect(nn('get_output', 0, 0, buffer, 8, written)).toBe(0);
    expect(memory.readWord(written)).toBe(3);
    expect(memory.read(buffer, 8)).toEqual([7, 8, 9, 0, 0, 0, 0, 0]);
    expect(errors).toEqual([]);
  });

  it('may pass pointers and sizes as the negative numbers that an i32 makes of them', () => {
    const { nn, errors } = startComputed(1);
    expect(nn('get_output', 0, 0, -4, 4, 16)).toBe(1);
    expect(errors.at(-1)).toContain(`(4 bytes at ${maxU32 - 3})`);
    expect(nn('compute', -1)).toBe(1);
    expect(errors.at(-1)).toContain(`no execution context ${maxU32}`);
  });
});

describe('init_execution_context', () => {
  it('counts contexts from 0, apart from graphs', () => {
    const { nn, memory, out } = start();
    for (const graph of [0, 1]) {
      nn('load', ...memory.builders(echoModel), 1, 0, out);
      expect(memory.readWord(out)).toBe(graph);
    }
    for (const [context, graph] of [1, 0, 1].entries()) {
      expect(nn('init_execution_context', graph, out)).toBe(0);
      expect(memory.readWord(out)).toBe(context);
    }
  });

  it('refuses more contexts than a guest may have', () => {
    const { nn, out, errors } = startContext();
    for (let count = 1; count < maximumContexts; count++) nn('init_execution_context', 0, out);
    expect(nn('init_execution_context', 0, out)).toBe(7);
    expect(errors.at(-1)).toContain(`${maximumContexts + 1} execution contexts`);
  });

  it('refuses graphs that are none', () => {
    const { nn, memory, out } = startContext();
    memory.view().setUint32(out, untouched, true);
    expect(nn('init_execution_context', 1, out)).toBe(1);
    expect(nn('init_execution_context', -1, out)).toBe(1);
    expect(memory.readWord(out)).toBe(untouched);
  });

  it('makes no context for a bad place', () => {
    const { nn, memory, out } = startContext();
    expect(nn('init_execution_context', 0, page)).toBe(1);
    expect(nn('init_execution_context', 0, 18)).toBe(1);
    expect(nn('init_execution_context', 0, out)).toBe(0);
    expect(memory.readWord(out)).toBe(1);
  });
});

describe('set_input', () => {
  const twoInputs: readonly TensorInfo[] = [
    { name: 'a', type: 'FP32', shape: [1, 2] },
    { name: 'b', type: 'I64', shape: ['n'] },
  ];
  const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

  it('copies: the guest may use its memory again at once', () => {
    const { nn, memory, engine } = startContext();
    const data = memory.bytes(1, 2, 3);
    const dimensions = memory.words(3);
    const tensor = memory.words(dimensions, 1, 2, data, 3);
    expect(nn('set_input', 0, 0, tensor)).toBe(0);
    new Uint8Array(memory.memory.buffer).fill(0xff);
    expect(nn('compute', 0)).toBe(0);
    expect(engine.callsOf('compute')).toEqual([['compute', 100, [['x', 'U8', 1, 2, 3]]]]);
  });

  it('addresses inputs by their position, which is also the order that the engine gets them in', () => {
    const { nn, memory, engine } = startContext({ inputs: twoInputs });
    expect(nn('set_input', 0, 1, memory.tensor([1], 5, Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0)))).toBe(0);
    expect(nn('set_input', 0, 0, memory.tensor([1, 2], 1, floats(0, 0)))).toBe(0);
    expect(nn('compute', 0)).toBe(0);
    const [call] = engine.callsOf('compute');
    expect(call?.[2]).toEqual([
      ['a', 'FP32', 0, 0, 0, 0, 0, 0, 0, 0],
      ['b', 'I64', 9, 0, 0, 0, 0, 0, 0, 0],
    ]);
  });

  it('keeps an input for all computations, until it is set again', () => {
    const { nn, memory, engine } = startContext();
    const set = (value: number) => nn('set_input', 0, 0, memory.tensor([1], 2, Uint8Array.of(value)));
    set(1);
    for (let round = 0; round < 2; round++) expect(nn('compute', 0)).toBe(0);
    set(2);
    expect(nn('compute', 0)).toBe(0);
    expect(engine.callsOf('compute').map(([, , inputs]) => inputs)).toEqual([
      [['x', 'U8', 1]],
      [['x', 'U8', 1]],
      [['x', 'U8', 2]],
    ]);
  });

  it('reads one byte of the type, whatever stands beside it', () => {
    const { nn, memory } = startContext({ inputs: twoInputs });
    const tensor = memory.tensor([1, 2], 1, floats(1, 2));
    expect(memory.readWord(tensor + 8)).toBe(0xabcdef01);
    expect(nn('set_input', 0, 0, tensor)).toBe(0);
  });

  it.each<[string, number, number[], number, Uint8Array]>([
    ['another rank', 0, [2], 1, floats(1, 2)],
    ['another dimension', 0, [1, 3], 1, floats(1, 2, 3)],
    ['another type', 0, [1, 2], 0, new Uint8Array(4)],
    ['a type that there is not', 0, [1, 2], 6, floats(1, 2)],
    ['too few bytes', 0, [1, 2], 1, floats(1)],
    ['too many bytes', 0, [1, 2], 1, floats(1, 2, 3)],
    ['an input that there is not', 2, [1, 2], 1, floats(1, 2)],
    ['an absurd input', maxU32, [1, 2], 1, floats(1, 2)],
    ['a shape that overflows', 1, [0x10000, 0x10000, 0x10000, 0x10000], 5, new Uint8Array(8)],
  ])('refuses %s and keeps what was set', (_what, index, dimensions, type, data) => {
    const { nn, memory, engine, errors } = startContext({ inputs: twoInputs });
    nn('set_input', 0, 0, memory.tensor([1, 2], 1, floats(0, 0)));
    nn('set_input', 0, 1, memory.tensor([0], 5, Uint8Array.of()));
    expect(nn('set_input', 0, index, memory.tensor(dimensions, type, data))).toBe(1);
    expect(errors).toEqual([expect.stringMatching(/^set_input: invalid-argument: set_input: /)]);
    expect(nn('compute', 0)).toBe(0);
    expect(engine.callsOf('compute')[0]?.[2]).toEqual([
      ['a', 'FP32', 0, 0, 0, 0, 0, 0, 0, 0],
      ['b', 'I64'],
    ]);
  });

  it.each<[string, (memory: TestMemory) => number]>([
    ['the tensor beyond the end', () => page - 16],
    ['a misaligned tensor', (memory) => memory.room(24) + 2],
    ['dimensions beyond the end', (memory) => memory.words(page, 1, 2, 16, 1)],
    ['misaligned dimensions', (memory) => memory.words(17, 1, 2, 16, 1)],
    ['an absurd number of dimensions', (memory) => memory.words(16, maxU32, 2, 16, 1)],
    ['a number of dimensions that overflows 32 bits', (memory) => memory.words(16, 0x40000001, 2, 16, 1)],
    ['no dimensions, far outside', (memory) => memory.words(maxU32 - 3, 0, 2, 16, 1)],
    ['data beyond the end', (memory) => memory.words(memory.words(1), 1, 2, page, 1)],
    ['data of an absurd length', (memory) => memory.words(memory.words(1), 1, 2, 16, maxU32)],
    ['no data, far outside', (memory) => memory.words(memory.words(0), 1, 2, maxU32, 0)],
  ])('refuses %s', (_what, layOut) => {
    const { nn, memory, engine } = startContext();
    expect(nn('set_input', 0, 0, layOut(memory))).toBe(1);
    expect(nn('compute', 0)).toBe(1);
    expect(engine.callsOf('compute')[0]?.[2]).toEqual([]);
  });

  it('refuses more dimensions than tensors have', () => {
    const { nn, memory, errors } = startContext({ inputs: twoInputs });
    const ones = Array.from({ length: 65 }, () => 1);
    expect(nn('set_input', 0, 0, memory.tensor(ones, 1, floats(1)))).toBe(1);
    expect(errors).toEqual([expect.stringContaining('the tensor has 65 dimensions, more than 64')]);
  });

  it('takes data at any address', () => {
    const { nn, memory, engine } = startContext();
    const data = memory.bytes(0, 5, 6) + 1;
    expect(nn('set_input', 0, 0, memory.words(memory.words(2), 1, 2, data, 2))).toBe(0);
    nn('compute', 0);
    expect(engine.callsOf('compute')[0]?.[2]).toEqual([['x', 'U8', 5, 6]]);
  });

  it('refuses contexts that are none', () => {
    const { nn, memory } = startContext();
    const tensor = memory.tensor([1], 2, Uint8Array.of(1));
    expect(nn('set_input', 1, 0, tensor)).toBe(1);
    expect(nn('set_input', -1, 0, tensor)).toBe(1);
  });
});

describe("a guest's tensor-type numbers", () => {
  const inputs: readonly TensorInfo[] = [
    { name: 'bytes', type: 'U8', shape: ['n'] },
    { name: 'ints', type: 'I32', shape: ['n'] },
    { name: 'doubles', type: 'FP64', shape: ['n'] },
    { name: 'longs', type: 'I64', shape: ['n'] },
  ];
  const [bytes, ints, doubles, longs] = [0, 1, 2, 3];

  function startTyped() {
    const { nn, memory, errors } = startContext({ inputs });
    const set = (index: number, type: number, byteLength: number, elements = 1) =>
      nn('set_input', 0, index, memory.tensor([elements], type, new Uint8Array(byteLength)));
    return { set, errors };
  }

  it('are those before FP64 where a tensor shows it, and stay so', () => {
    const { set, errors } = startTyped();
    expect([set(bytes, 2, 1), set(ints, 3, 4), set(bytes, 2, 1)]).toEqual([0, 0, 0]);
    expect([set(bytes, 3, 1), set(doubles, 2, 8), set(ints, 4, 4), set(longs, 5, 8)]).toEqual([1, 1, 1, 1]);
    expect(errors[0]).toContain('earlier tensors showed that 3 means I32 to this guest');
  });

  it.each([
    [bytes, 3, 1],
    [doubles, 2, 8],
    [ints, 4, 4],
    [longs, 5, 8],
  ])("are today's where a tensor shows it (input %d, type %d, %d bytes), and stay so", (index, type, byteLength) => {
    const { set } = startTyped();
    expect(set(index, type, byteLength)).toBe(0);
    expect([set(bytes, 3, 1), set(ints, 4, 4), set(doubles, 2, 8), set(longs, 5, 8)]).toEqual([0, 0, 0, 0]);
    expect([set(bytes, 2, 1), set(ints, 3, 4)]).toEqual([1, 1]);
  });

  it('are not settled by an empty tensor', () => {
    const { set } = startTyped();
    expect([set(bytes, 2, 0, 0), set(bytes, 3, 0, 0), set(ints, 3, 0, 0), set(ints, 4, 0, 0)]).toEqual([0, 0, 0, 0]);
    expect([set(bytes, 2, 1), set(bytes, 3, 1)]).toEqual([0, 1]);
  });

  it('are not settled by a tensor that is refused', () => {
    const { set } = startTyped();
    expect([set(ints, 2, 1), set(ints, 2, 8)]).toEqual([1, 1]);
    expect([set(bytes, 3, 1), set(bytes, 2, 1)]).toEqual([0, 1]);
  });

  it('are settled for one guest, not for all', () => {
    expect(startTyped().set(bytes, 2, 1)).toBe(0);
    expect(startTyped().set(bytes, 3, 1)).toBe(0);
  });
});

describe('compute', () => {
  it('refuses where an input is missing, and contexts that are none', () => {
    const { nn, errors } = startContext();
    expect(nn('compute', 0)).toBe(1);
    expect(errors).toEqual([expect.stringContaining('input "x" is missing')]);
    expect(nn('compute', 1)).toBe(1);
    expect(nn('compute', maxU32)).toBe(1);
  });

  it('leaves no outputs where it fails', () => {
    const { nn, engine, out } = startComputed(1);
    engine.faults.set('compute', new Error('out of luck'));
    expect(nn('compute', 0)).toBe(5);
    expect(nn('get_output', 0, 0, 16, 8, out)).toBe(5);
    engine.faults.clear();
    expect(nn('compute', 0)).toBe(0);
    expect(nn('get_output', 0, 0, 16, 8, out)).toBe(0);
  });

  it('keeps the contexts of a graph apart', () => {
    const { nn, memory, out } = startComputed(1);
    expect(nn('init_execution_context', 0, out)).toBe(0);
    expect(nn('get_output', 1, 0, 16, 8, out)).toBe(5);
    nn('set_input', 1, 0, memory.tensor([1], 2, Uint8Array.of(2)));
    expect(nn('compute', 1)).toBe(0);
    const buffer = memory.room(1);
    for (const [context, value] of [1, 2].entries()) {
      expect(nn('get_output', context, 0, buffer, 1, out)).toBe(0);
      expect(memory.read(buffer, 1)).toEqual([value]);
    }
  });
});

describe('get_output', () => {
  it('writes the number of bytes that there are, not of those that the buffer holds', () => {
    const { nn, memory, out } = startComputed(1, 2, 3);
    const buffer = memory.bytes(9, 9, 9, 9, 9);
    expect(nn('get_output', 0, 0, buffer, 5, out)).toBe(0);
    expect(memory.readWord(out)).toBe(3);
    expect(memory.read(buffer, 5)).toEqual([1, 2, 3, 9, 9]);
  });

  it('may be repeated, into a buffer that fits and lies at any address', () => {
    const { nn, memory, out } = startComputed(1, 2, 3);
    const buffer = memory.room(4) + 1;
    for (let round = 0; round < 2; round++) expect(nn('get_output', 0, 0, buffer, 3, out)).toBe(0);
    expect(memory.read(buffer, 3)).toEqual([1, 2, 3]);
  });

  it.each([0, 2])(
    'gives the size of an output for which a buffer of %d bytes is too small, and leaves the buffer alone',
    (size) => {
      const { nn, memory, out, errors } = startComputed(1, 2, 3);
      const buffer = memory.bytes(9, 9, 9);
      expect(nn('get_output', 0, 0, buffer, size, out)).toBe(7);
      expect(memory.readWord(out)).toBe(3);
      expect(memory.read(buffer, 3)).toEqual([9, 9, 9]);
      expect(errors).toEqual([`get_output: too-large: get_output: output 0 has 3 bytes, but the buffer holds ${size}`]);
    },
  );

  it('gives an empty output', () => {
    const { nn, memory, out } = startComputed();
    expect(nn('get_output', 0, 0, 16, 0, out)).toBe(0);
    expect(memory.readWord(out)).toBe(0);
  });

  it('answers runtime_error before a computation, also to one who asks for the size', () => {
    const { nn, memory, out } = startContext();
    memory.view().setUint32(out, untouched, true);
    expect(nn('get_output', 0, 0, 16, 8, out)).toBe(5);
    expect(nn('get_output', 0, 0, 16, 0, out)).toBe(5);
    expect(memory.readWord(out)).toBe(untouched);
  });

  it.each([
    ['an output that there is not', 0, 1, 16, 8, 16],
    ['an absurd output', 0, maxU32, 16, 8, 16],
    ['a context that there is not', 1, 0, 16, 8, 16],
    ['a buffer beyond the end', 0, 0, page - 4, 8, 16],
    ['a buffer of an absurd size', 0, 0, 16, maxU32, 16],
    ['an empty buffer, far outside', 0, 0, maxU32, 0, 16],
    ['a place for the size beyond the end', 0, 0, 16, 8, page],
    ['a misaligned place for the size', 0, 0, 16, 8, 18],
  ])('refuses %s and writes nothing', (_what, ...args) => {
    const { nn, memory } = startComputed(1, 2, 3);
    const before = memory.snapshot();
    expect(nn('get_output', ...args)).toBe(1);
    expect(memory.equals(before)).toBe(true);
  });
});
