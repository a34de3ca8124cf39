import { describe, expect, it } from 'vitest';
import { createTestGuest, echoModel, FakeEngine, TestMemory } from './guest.fixture.js';

const maxU32 = 0xffffffff;
const page = 65_536;
const untouched = 0xeeeeeeee;

/** A guest whose engine answers at once, with a place for results. */
function start() {
  const engine = new FakeEngine();
  const memory = new TestMemory();
  const out = memory.words(untouched);
  return { engine, out, ...createTestGuest({ engine, memory }) };
}

describe('load', () => {
  it('counts graphs from 0, and a failed one for nothing', () => {
    const { nn, memory, out } = start();
    const good = memory.builders(echoModel);
    expect(nn('load', ...good, 1, 0, out)).toBe(0);
    expect(memory.readWord(out)).toBe(0);
    expect(nn('load', ...memory.builders(Uint8Array.of(1)), 1, 0, out)).toBe(2);
    expect(nn('load', ...good, 1, 0, out)).toBe(0);
    expect(memory.readWord(out)).toBe(1);
  });

  it.each([
    [0, 'openvino'],
    [1, 'onnx'],
    [2, 'tensorflow'],
    [3, 'pytorch'],
    [4, 'tensorflowlite'],
    [5, 'autodetect'],
    [6, 'autodetect'],
  ])('passes encoding %d on as %s', (encoding, name) => {
    const { nn, memory, engine, out } = start();
    nn('load', ...memory.builders(echoModel), encoding, 0, out);
    expect(engine.calls).toEqual([['load', [[...echoModel]], name, 'cpu']]);
  });

  it.each([
    [0, 'cpu'],
    [1, 'gpu'],
    [2, 'tpu'],
    [3, 'cpu'],
  ])('passes target %d on as %s', (target, name) => {
    const { nn, memory, engine, out } = start();
    nn('load', ...memory.builders(echoModel), 1, target, out);
    expect(engine.calls).toEqual([['load', [[...echoModel]], 'onnx', name]]);
  });

  it.each([7, 100, -1])('refuses encoding %d as invalid_encoding', (encoding) => {
    const { nn, memory, engine, out, errors } = start();
    expect(nn('load', ...memory.builders(echoModel), encoding, 0, out)).toBe(2);
    expect(errors).toEqual([
      expect.stringContaining(
        `load: invalid-encoding: load: there is no graph encoding ${encoding >>> 0}: 0 is openvino, 1 is onnx, `,
      ),
    ]);
    expect(engine.calls).toEqual([]);
  });

  it.each([4, 100, -1])('refuses target %d as invalid_argument', (target) => {
    const { nn, memory, engine, out } = start();
    expect(nn('load', ...memory.builders(echoModel), 1, target, out)).toBe(1);
    expect(engine.calls).toEqual([]);
  });

  it('passes all builders on, empty ones too, and none', () => {
    const { nn, memory, engine, out } = start();
    expect(nn('load', ...memory.builders(Uint8Array.of(1, 2), Uint8Array.of(), Uint8Array.of(3)), 1, 0, out)).toBe(1);
    expect(nn('load', 4, 0, 1, 0, out)).toBe(1);
    expect(engine.calls).toEqual([
      ['load', [[1, 2], [], [3]], 'onnx', 'cpu'],
      ['load', [], 'onnx', 'cpu'],
    ]);
    expect(memory.readWord(out)).toBe(untouched);
  });

  it('lets builders lie at any address', () => {
    const { nn, memory, out } = start();
    const model = memory.bytes(0, ...echoModel) + 1;
    expect(nn('load', memory.words(model, 4), 1, 5, 0, out)).toBe(0);
  });

  it.each([
    ['the array beyond the end', page - 4, 1],
    ['the array beyond everything', maxU32 - 3, 1],
    ['an empty array beyond the end', page + 4, 0],
    ['an absurd count', 16, maxU32],
    ['a count whose size overflows 32 bits to nothing', 16, 0x20000000],
    ['a misaligned array', 18, 1],
  ])('refuses %s', (_what, builders, count) => {
    const { nn, engine, out, memory } = start();
    expect(nn('load', builders, count, 1, 0, out)).toBe(1);
    expect(engine.calls).toEqual([]);
    expect(memory.readWord(out)).toBe(untouched);
  });

  it.each([
    ['beyond the end', page - 3, 4],
    ['of an absurd length', 16, maxU32],
    ['beyond everything', maxU32, maxU32],
    ['empty, beyond the end', page + 1, 0],
  ])('refuses a builder %s', (_what, pointer, byteLength) => {
    const { nn, engine, memory, out } = start();
    expect(nn('load', memory.words(16, 4, pointer, byteLength), 2, 1, 0, out)).toBe(1);
    expect(engine.calls).toEqual([]);
  });

  it('refuses more builders than models have', () => {
    const { nn, engine, memory, out, errors } = start();
    const empty = memory.room(1025 * 8);
    expect(nn('load', empty, 1024, 1, 0, out)).toBe(1);
    expect(engine.calls).toHaveLength(1);
    expect(nn('load', empty, 1025, 1, 0, out)).toBe(1);
    expect(engine.calls).toHaveLength(1);
    expect(errors.at(-1)).toContain('1025 builders came, more than 1024');
  });

  it('refuses builders that overlap to more than the memory', () => {
    const { nn, engine, memory, out, errors } = start();
    const whole = [0, page];
    expect(nn('load', memory.words(...whole), 1, 1, 0, out)).toBe(2);
    expect(engine.calls).toHaveLength(1);
    expect(nn('load', memory.words(...whole, 0, 1), 2, 1, 0, out)).toBe(1);
    expect(engine.calls).toHaveLength(1);
    expect(errors.at(-1)).toContain(`${page + 1} bytes`);
  });

  it.each([
    ['beyond the end', page],
    ['half beyond the end', page - 2],
    ['misaligned', 17],
    ['beyond everything', maxU32],
  ])('does not load for a place that is %s', (_what, out) => {
    const { nn, engine, memory } = start();
    expect(nn('load', ...memory.builders(echoModel), 1, 0, out)).toBe(1);
    expect(nn('load_by_name', ...memory.text('echo'), out)).toBe(1);
    expect(engine.calls).toEqual([]);
  });
});

describe('load_by_name', () => {
  it('loads a registered model', () => {
    const { nn, memory, engine, out } = start();
    expect(nn('load_by_name', ...memory.text('echo'), out)).toBe(0);
    expect(memory.readWord(out)).toBe(0);
    expect(engine.calls).toEqual([['loadByName', 'echo']]);
  });

  it('takes the length without the NUL of a C string, and with it', () => {
    const { nn, memory, engine, out } = start();
    const [name, byteLength] = memory.text('echo\0');
    expect(nn('load_by_name', name, byteLength - 1, out)).toBe(0);
    expect(nn('load_by_name', name, byteLength, out)).toBe(0);
    expect(engine.calls).toEqual([
      ['loadByName', 'echo'],
      ['loadByName', 'echo'],
    ]);
  });

  it.each(['nothing', '', 'echo\0\0', 'Echo'])('answers not_found for %j', (name) => {
    const { nn, memory, out, errors } = start();
    expect(nn('load_by_name', ...memory.text(name), out)).toBe(8);
    expect(memory.readWord(out)).toBe(untouched);
    expect(errors).toEqual([expect.stringMatching(/^load_by_name: not-found: /)]);
  });

  it('passes names beyond ASCII on', () => {
    const { nn, memory, engine, out } = start();
    nn('load_by_name', ...memory.text('größe-数'), out);
    expect(engine.calls).toEqual([['loadByName', 'größe-数']]);
  });

  it('refuses what is not UTF-8, is too long or lies outside', () => {
    const { nn, memory, engine, out } = start();
    expect(nn('load_by_name', memory.bytes(0xff, 0xfe), 2, out)).toBe(1);
    expect(nn('load_by_name', memory.room(2000), 1025, out)).toBe(1);
    expect(nn('load_by_name', page - 2, 4, out)).toBe(1);
    expect(nn('load_by_name', maxU32, 0, out)).toBe(1);
    expect(nn('load_by_name', 16, maxU32, out)).toBe(1);
    expect(engine.calls).toEqual([]);
  });
});
