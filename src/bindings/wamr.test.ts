import { describe, expect, it } from 'vitest';
import type { TensorInfo } from '../standard/tensor.js';
import { createTestGuest, echoModel, FakeEngine, TestMemory } from './guest.fixture.js';

const maxU32 = 0xffffffff;
const page = 65_536;
const untouched = 0xeeeeeeee;

const floatInput: readonly TensorInfo[] = [{ name: 'x', type: 'FP32', shape: ['n', 2] }];
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

function start(inputs: readonly TensorInfo[] = floatInput) {
  const engine = new FakeEngine({ inputs });
  const memory = new TestMemory();
  const out = memory.words(untouched);
  return { engine, out, ...createTestGuest({ engine, memory }) };
}

function startContext(inputs?: readonly TensorInfo[]) {
  const started = start(inputs);
  const { wamr, memory, out } = started;
  expect(wamr('load', memory.words(...memory.builders(echoModel)), 1, 0, out)).toBe(0);
  expect(wamr('init_execution_context', 0, out)).toBe(0);
  return started;
}

describe("WAMR's wasi_nn", () => {
  it('has the functions of its header and no others', () => {
    const { wamr, nn } = start();
    for (const name of ['load', 'load_by_name', 'init_execution_context', 'set_input', 'compute', 'get_output'])
      expect(wamr(name)).toBe(1);
    expect(() => wamr('unload', 0)).toThrow('no function unload');
    expect(nn('unload', 0)).toBe(1);
  });

  it('loads, sets, computes and gets', () => {
    const { wamr, memory, out, errors } = start();
    expect(wamr('load', memory.words(...memory.builders(echoModel)), 1, 0, out)).toBe(0);
    expect(memory.readWord(out)).toBe(0);
    expect(wamr('init_execution_context', 0, out)).toBe(0);
    expect(memory.readWord(out)).toBe(0);
    expect(wamr('set_input', 0, 0, memory.wamrTensor([2, 2], 1, floats(1, 2, 3, 4)))).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    const [buffer, size] = [memory.room(40), memory.words(10)];
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(memory.readWord(size)).toBe(4);
    expect(memory.read(buffer, 16)).toEqual([...floats(1, 2, 3, 4)]);
    expect(memory.read(buffer + 16, 24)).toEqual(Array.from({ length: 24 }, () => 0));
    expect(errors).toEqual([]);
  });

  it('loads by name', () => {
    const { wamr, memory, out } = start();
    expect(wamr('load_by_name', ...memory.text('echo'), out)).toBe(0);
    expect(wamr('load_by_name', ...memory.text('/models/echo'), out)).toBe(8);
  });
});

describe('load', () => {
  it.each([
    [1, 'onnx'],
    [4, 'tensorflowlite'],
    [5, 'autodetect'],
    [6, 'autodetect'],
  ])('passes encoding %d on as %s', (encoding, name) => {
    const { wamr, memory, engine, out } = start();
    wamr('load', memory.words(...memory.builders(echoModel)), encoding, 1, out);
    expect(engine.calls).toEqual([['load', [[...echoModel]], name, 'gpu']]);
  });

  it('refuses encodings and targets that there are not', () => {
    const { wamr, memory, engine, out } = start();
    const builders = memory.words(...memory.builders(echoModel));
    expect(wamr('load', builders, 7, 0, out)).toBe(2);
    expect(wamr('load', builders, 1, 4, out)).toBe(1);
    expect(engine.calls).toEqual([]);
  });

  it.each<[string, (memory: TestMemory) => number]>([
    ['an array beyond the end', () => page - 4],
    ['a misaligned array', (memory) => memory.room(16) + 1],
    ['elements beyond the end', (memory) => memory.words(page, 1)],
    ['an absurd count', (memory) => memory.words(16, maxU32)],
    ['a builder beyond the end', (memory) => memory.words(memory.words(page, 1), 1)],
  ])('refuses %s', (_what, layOut) => {
    const { wamr, memory, engine, out } = start();
    expect(wamr('load', layOut(memory), 1, 0, out)).toBe(1);
    expect(engine.calls).toEqual([]);
  });
});

describe('set_input', () => {
  it.each([
    [0, 'FP16', 2],
    [1, 'FP32', 4],
    [2, 'U8', 1],
    [3, 'I32', 4],
  ])('reads type %d as %s of %d bytes', (number, type, width) => {
    const { wamr, memory, engine } = startContext([{ name: 'x', type, shape: ['n'] }]);
    const data = Array.from({ length: 3 * width }, (_, index) => index);
    expect(wamr('set_input', 0, 0, memory.wamrTensor([3], number, Uint8Array.from(data)))).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    expect(engine.callsOf('compute')[0]?.[2]).toEqual([['x', type, ...data]]);
  });

  it.each<[string, (memory: TestMemory) => number]>([
    ['a type that there is not', (memory) => memory.wamrTensor([1, 2], 4, floats(1, 2))],
    ['another type than the input has', (memory) => memory.wamrTensor([1, 2], 3, floats(1, 2))],
    ['another rank', (memory) => memory.wamrTensor([2], 1, floats(1, 2))],
    ['a shape whose data cannot be there', (memory) => memory.wamrTensor([maxU32, 2], 1, floats(1, 2))],
    ['a shape that overflows', (memory) => memory.wamrTensor([0x10000, 0x10000], 1, floats(1, 2))],
    ['a tensor beyond the end', () => page - 8],
    ['a misaligned tensor', (memory) => memory.room(16) + 2],
    ['a shape beyond the end', (memory) => memory.words(page - 4, 1, 16)],
    ['dimensions beyond the end', (memory) => memory.words(memory.words(page, 2), 1, 16)],
    ['an absurd number of dimensions', (memory) => memory.words(memory.words(16, maxU32), 1, 16)],
    ['data beyond the end', (memory) => memory.words(memory.words(memory.words(1, 2), 2), 1, page - 4)],
  ])('refuses %s', (_what, layOut) => {
    const { wamr, memory } = startContext();
    expect(wamr('set_input', 0, 0, layOut(memory))).toBe(1);
    expect(wamr('compute', 0)).toBe(1);
  });

  it('refuses inputs and contexts that are none', () => {
    const { wamr, memory } = startContext();
    const tensor = memory.wamrTensor([1, 2], 1, floats(1, 2));
    expect(wamr('set_input', 0, 1, tensor)).toBe(1);
    expect(wamr('set_input', 1, 0, tensor)).toBe(1);
  });
});

describe('get_output', () => {
  function startComputed() {
    const started = startContext();
    const { wamr, memory } = started;
    wamr('set_input', 0, 0, memory.wamrTensor([1, 2], 1, floats(5, 6)));
    expect(wamr('compute', 0)).toBe(0);
    return started;
  }

  it('takes a buffer that holds just as many elements', () => {
    const { wamr, memory } = startComputed();
    const [buffer, size] = [memory.room(8), memory.words(2)];
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(memory.read(buffer, 8)).toEqual([...floats(5, 6)]);
  });

  it.each([0, 1])('gives the number of elements of an output for which a buffer of %d is too small', (capacity) => {
    const { wamr, memory } = startComputed();
    const [buffer, size] = [memory.bytes(9, 9, 9, 9), memory.words(capacity)];
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(7);
    expect(memory.readWord(size)).toBe(2);
    expect(memory.read(buffer, 4)).toEqual([9, 9, 9, 9]);
  });

  it('counts an output of bytes by fours, the last of them perhaps not full', () => {
    const { wamr, memory } = startContext([{ name: 'x', type: 'U8', shape: [5] }]);
    wamr('set_input', 0, 0, memory.wamrTensor([5], 2, Uint8Array.of(1, 2, 3, 4, 5)));
    wamr('compute', 0);
    const [buffer, size] = [memory.room(8), memory.words(1)];
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(7);
    expect(memory.readWord(size)).toBe(2);
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(memory.read(buffer, 8)).toEqual([1, 2, 3, 4, 5, 0, 0, 0]);
  });

  it.each<[string, number, (memory: TestMemory) => [number, number]]>([
    ['an output that there is not', 1, (memory) => [16, memory.words(2)]],
    ['a buffer beyond the end', 0, (memory) => [page - 4, memory.words(2)]],
    ['a size that overflows', 0, (memory) => [16, memory.words(0x40000001)]],
    ['a place for the size beyond the end', 0, () => [16, page]],
    ['a misaligned place for the size', 0, () => [16, 18]],
  ])('refuses %s and writes nothing', (_what, index, layOut) => {
    const { wamr, memory } = startComputed();
    const args = layOut(memory);
    const before = memory.snapshot();
    expect(wamr('get_output', 0, index, ...args)).toBe(1);
    expect(memory.equals(before)).toBe(true);
  });

  it('answers runtime_error before a computation', () => {
    const { wamr, memory } = startContext();
    const size = memory.words(4);
    expect(wamr('get_output', 0, 0, 16, size)).toBe(5);
    expect(memory.readWord(size)).toBe(4);
  });
});

describe('a quantised model', () => {
  const half = { scale: 0.5, zeroPoint: 10 };

  it.each([
    ['U8', { quantization: half }, [-5.5, -5, 0, 0.3, 0.74, 122.5, 500], [0, 0, 10, 10, 11, 255, 255]],
    [
      'INT8, as the bytes of U8',
      { modelType: 'INT8', quantization: { scale: 0.5, zeroPoint: -10 } },
      [-500, -1, 0, 1, 500],
      [128, 244, 246, 248, 127],
    ],
    ['U8, where a guest passes no number', { quantization: half }, [Number.NaN], [0]],
  ])('has FP32 inputs quantised: %s', (_what, info, values, quantized) => {
    const { wamr, memory, engine } = startContext([{ name: 'x', type: 'U8', shape: ['n'], ...info }]);
    expect(wamr('set_input', 0, 0, memory.wamrTensor([values.length], 1, floats(...values)))).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    expect(engine.callsOf('compute')).toEqual([['compute', expect.any(Number), [['x', 'U8', ...quantized]]]]);
  });

  it('has outputs dequantised, whose sizes are counted in FP32 elements', () => {
    const { wamr, memory } = startContext([{ name: 'x', type: 'U8', shape: ['n'], quantization: half }]);
    expect(wamr('set_input', 0, 0, memory.wamrTensor([3], 2, Uint8Array.of(0, 10, 255)))).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    const [buffer, size] = [memory.room(12), memory.words(2)];
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(7);
    expect(memory.readWord(size)).toBe(3);
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(memory.read(buffer, 12)).toEqual([...floats(-5, 0, 122.5)]);
  });

  it('has INT16 travel as I32', () => {
    const info = { type: 'I32', modelType: 'INT16', quantization: { scale: 2, zeroPoint: 0 } } as const;
    const { wamr, memory, engine } = startContext([{ name: 'x', shape: ['n'], ...info }]);
    expect(wamr('set_input', 0, 0, memory.wamrTensor([3], 1, floats(-3, 10, 1e9)))).toBe(0);
    expect(wamr('compute', 0)).toBe(0);
    const integers = new Uint8Array(Int32Array.of(-1, 5, 32_767).buffer);
    expect(engine.callsOf('compute')).toEqual([['compute', expect.any(Number), [['x', 'I32', ...integers]]]]);
    const [buffer, size] = [memory.room(12), memory.words(3)];
    expect(wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(memory.read(buffer, 12)).toEqual([...floats(-2, 10, 65_534)]);
  });

  it('takes no FP32 in wasi_ephemeral_nn, whose error names type, scale and zero point', () => {
    const { nn, memory, errors } = startContext([{ name: 'x', type: 'U8', shape: ['n'], quantization: half }]);
    expect(nn('set_input', 0, 0, memory.tensor([1], 1, floats(1)))).toBe(1);
    expect(errors).toEqual([
      'set_input: invalid-argument: set_input: input "x" expects U8 [n] (scale 0.5, zero point 10), but FP32 [1] came',
    ]);
  });
});
