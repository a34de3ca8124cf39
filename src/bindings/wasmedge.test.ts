import { describe, expect, it } from 'vitest';
import { createTestGuest, echoModel, FakeEngine, TestMemory } from './guest.fixture.js';

const maxU32 = 0xffffffff;
const untouched = 0xeeeeeeee;

function start({ asynchronous = false } = {}) {
  const engine = new FakeEngine({ asynchronous });
  const memory = new TestMemory();
  const out = memory.words(untouched);
  return { engine, out, ...createTestGuest({ engine, memory }) };
}

/** A guest with a graph and a context, both 0, that has computed [1, 2, 3]. */
function startComputed() {
  const started = start();
  const { nn, memory, out } = started;
  expect(nn('load', ...memory.builders(echoModel), 1, 0, out)).toBe(0);
  expect(nn('init_execution_context', 0, out)).toBe(0);
  expect(nn('set_input', 0, 0, memory.tensor([3], 2, Uint8Array.of(1, 2, 3)))).toBe(0);
  expect(nn('compute', 0)).toBe(0);
  return started;
}

describe('load_by_name_with_config', () => {
  it.each(['{"ctx-size":1024}', '', 'no JSON'])('loads by name, whatever the configuration: %j', (configuration) => {
    const { nn, memory, engine, out } = start();
    expect(nn('load_by_name_with_config', ...memory.text('echo'), ...memory.text(configuration), out)).toBe(0);
    expect(memory.readWord(out)).toBe(0);
    expect(engine.calls).toEqual([['loadByName', 'echo', ...(configuration === '' ? [] : [configuration])]]);
  });

  it('answers model_not_found for a name that is not registered', () => {
    const { nn, memory, out } = start();
    expect(nn('load_by_name_with_config', ...memory.text('nothing'), ...memory.text('{}'), out)).toBe(103);
    expect(memory.readWord(out)).toBe(untouched);
  });

  it('refuses a name or configuration that is outside, not UTF-8, or far too long', () => {
    const { nn, memory, engine, out, errors } = start();
    const name = memory.text('echo');
    const configuration = memory.text('{}');
    const call = (...args: number[]) => nn('load_by_name_with_config', ...args);
    expect(call(maxU32, 0, ...configuration, out)).toBe(1);
    expect(call(...name, maxU32, 0, out)).toBe(1);
    expect(call(...name, 16, maxU32, out)).toBe(1);
    expect(call(...name, memory.bytes(0xff), 1, out)).toBe(1);
    expect(call(...name, ...configuration, 18)).toBe(1);
    memory.memory.grow(32);
    expect(call(...name, 0, 2 ** 20 + 1, out)).toBe(1);
    expect(errors.at(-1)).toContain('the configuration has 1048577 bytes');
    expect(engine.calls).toEqual([]);
  });
});

describe('unload', () => {
  it('gives the graph back, once', () => {
    const { nn, engine } = startComputed();
    expect(nn('unload', 0)).toBe(0);
    expect(engine.graphs.size).toBe(0);
    expect(nn('unload', 0)).toBe(1);
    expect(engine.callsOf('unload')).toEqual([['unload', 100]]);
  });

  it.each([1, -1])('refuses %d, which is no graph', (graph) => {
    const { nn, engine } = startComputed();
    expect(nn('unload', graph)).toBe(1);
    expect(engine.graphs.size).toBe(1);
  });

  it('ends the handle at once: nothing can be made of it', () => {
    const { nn, out } = startComputed();
    nn('unload', 0);
    expect(nn('init_execution_context', 0, out)).toBe(1);
  });

  it('leaves contexts their outputs, but no more computations', () => {
    const { nn, memory, engine, out } = startComputed();
    nn('unload', 0);
    expect(nn('set_input', 0, 0, memory.tensor([1], 2, Uint8Array.of(4)))).toBe(1);
    expect(nn('compute', 0)).toBe(1);
    expect(nn('compute_single', 0)).toBe(1);
    expect(engine.callsOf('compute')).toHaveLength(1);
    for (const name of ['get_output', 'get_output_single']) {
      const buffer = memory.room(3);
      expect(nn(name, 0, 0, buffer, 3, out)).toBe(0);
      expect(memory.read(buffer, 3)).toEqual([1, 2, 3]);
    }
    expect(nn('fini_single', 0)).toBe(0);
    expect(nn('finalize_execution_context', 0)).toBe(0);
  });

  it('never uses a handle again', () => {
    const { nn, memory, out } = start();
    for (let round = 0; round < 5; round++) {
      expect(nn('load_by_name', ...memory.text('echo'), out)).toBe(0);
      expect(memory.readWord(out)).toBe(round);
      expect(nn('init_execution_context', round, out)).toBe(0);
      expect(memory.readWord(out)).toBe(round);
      expect(nn('finalize_execution_context', round)).toBe(0);
      expect(nn('unload', round)).toBe(0);
    }
  });

  it('leaves other graphs and their contexts alone', () => {
    const { nn, memory, out } = startComputed();
    nn('load', ...memory.builders(echoModel), 1, 0, out);
    expect(nn('unload', 1)).toBe(0);
    expect(nn('compute', 0)).toBe(0);
    expect(nn('init_execution_context', 0, out)).toBe(0);
  });

  it('during a computation lets it finish', async () => {
    const { nn, memory, engine, out } = start({ asynchronous: true });
    await nn('load', ...memory.builders(echoModel), 1, 0, out);
    nn('init_execution_context', 0, out);
    nn('set_input', 0, 0, memory.tensor([3], 2, Uint8Array.of(1, 2, 3)));
    const computing = nn('compute', 0);
    expect(nn('unload', 0)).toBe(0);
    expect(await computing).toBe(0);
    expect(nn('get_output', 0, 0, 16, 3, out)).toBe(0);
    expect(await nn('compute', 0)).toBe(1);
    expect(engine.graphs.size).toBe(0);
  });

  it.each([false, true])(
    'succeeds where the engine fails, and reports the failure (asynchronous client: %s)',
    async (asynchronous) => {
      const { nn, memory, engine, out, errors } = start({ asynchronous });
      await nn('load', ...memory.builders(echoModel), 1, 0, out);
      engine.faults.set('unload', new Error('the engine is gone'));
      expect(nn('unload', 0)).toBe(0);
      await expect.poll(() => errors).toEqual(['unload: unknown: unload: the engine is gone']);
      expect(nn('unload', 0)).toBe(1);
    },
  );
});

describe('finalize_execution_context', () => {
  it('ends a context, once', () => {
    const { nn, memory, out } = startComputed();
    expect(nn('finalize_execution_context', 0)).toBe(0);
    expect(nn('finalize_execution_context', 0)).toBe(1);
    expect(nn('set_input', 0, 0, memory.tensor([1], 2, Uint8Array.of(4)))).toBe(1);
    expect(nn('compute', 0)).toBe(1);
    expect(nn('get_output', 0, 0, 16, 3, out)).toBe(1);
    expect(nn('fini_single', 0)).toBe(1);
    expect(nn('init_execution_context', 0, out)).toBe(0);
  });

  it.each([1, -1])('refuses %d, which is no context', (context) => {
    expect(startComputed().nn('finalize_execution_context', context)).toBe(1);
  });
});

describe('computing token by token', () => {
  it('is a whole computation each time, for a graph of tensors', () => {
    const { nn, memory, engine, out } = startComputed();
    nn('set_input', 0, 0, memory.tensor([2], 2, Uint8Array.of(8, 9)));
    for (let round = 0; round < 2; round++) {
      expect(nn('compute_single', 0)).toBe(0);
      const buffer = memory.room(2);
      expect(nn('get_output_single', 0, 0, buffer, 2, out)).toBe(0);
      expect(memory.read(buffer, 2)).toEqual([8, 9]);
    }
    expect(nn('get_output_single', 0, 0, 16, 1, out)).toBe(7);
    expect(memory.readWord(out)).toBe(2);
    expect(engine.callsOf('compute')).toHaveLength(3);
  });

  it('ends with fini_single, which takes the outputs and leaves the inputs', () => {
    const { nn, out } = startComputed();
    expect(nn('fini_single', 0)).toBe(0);
    expect(nn('get_output_single', 0, 0, 16, 3, out)).toBe(5);
    expect(nn('fini_single', 0)).toBe(0);
    expect(nn('compute_single', 0)).toBe(0);
    expect(nn('get_output_single', 0, 0, 16, 3, out)).toBe(0);
  });

  it('refuses contexts that are none', () => {
    const { nn, out } = startComputed();
    expect(nn('compute_single', 1)).toBe(1);
    expect(nn('get_output_single', 1, 0, 16, 3, out)).toBe(1);
    expect(nn('fini_single', 1)).toBe(1);
  });
});
