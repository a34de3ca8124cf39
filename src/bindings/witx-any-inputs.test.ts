import { expect, it } from 'vitest';
import { createTestGuest, echoModel, FakeEngine } from './guest.fixture.js';

// A graph that declares no inputs: it takes what it is given, and answers with that.

function start() {
  const engine = new FakeEngine({ inputs: 'any' });
  const guest = createTestGuest({ engine });
  const out = guest.memory.words(0);
  const { nn } = guest;
  expect(nn('load', ...guest.memory.builders(echoModel), 1, 0, out)).toBe(0);
  expect(nn('init_execution_context', 0, out)).toBe(0);
  const set = (index: number, ...values: number[]) =>
    nn('set_input', 0, index, guest.memory.tensor([values.length], 3, Uint8Array.from(values)));
  const get = (index: number) => {
    const buffer = guest.memory.room(8);
    const code = nn('get_output', 0, index, buffer, 8, out);
    return code === 0 ? guest.memory.read(buffer, guest.memory.readWord(out)) : code;
  };
  return { ...guest, engine, set, get };
}

it('gives the tensors the numbers of their inputs for names, and keeps their order', () => {
  const { engine, set, get, nn } = start();
  expect([set(10, 3), set(2, 4, 5), set(0, 6), set(2, 7)]).toEqual([0, 0, 0, 0]);
  expect(nn('compute', 0)).toBe(0);
  expect(engine.callsOf('compute')[0]?.[2]).toEqual([
    ['0', 'U8', 6],
    ['2', 'U8', 7],
    ['10', 'U8', 3],
  ]);
  expect([get(0), get(1), get(2)]).toEqual([[6], [7], [3]]);
});

it('has outputs only once it has computed, and so many as it then answers with', () => {
  const { set, get, nn } = start();
  expect(get(0)).toBe(5);
  void set(0, 1);
  expect(nn('compute', 0)).toBe(0);
  expect([get(0), get(1)]).toEqual([[1], 1]);
});

it('computes on nothing, too', () => {
  const { get, nn } = start();
  expect(nn('compute', 0)).toBe(0);
  expect(get(0)).toBe(1);
});

it('has its tensors checked, and refuses more than it can be given', () => {
  const { memory, nn, set, errors } = start();
  expect(nn('set_input', 0, 0, memory.tensor([2], 1, Uint8Array.of(1)))).toBe(1);
  expect([set(1023, 1), set(1024, 1), set(-1, 1)]).toEqual([0, 1, 1]);
  expect(errors.at(-1)).toContain('there is no input 4294967295');
});
