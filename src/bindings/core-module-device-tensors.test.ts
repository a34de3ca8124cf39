import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { createCoreModuleBinding } from './core-module.js';
import { callable, createTestGuest, FakeEngine, TestMemory } from './guest.fixture.js';

/** Core modules whose outputs stay on a device until `get_output`. */

const asynchronous = true;

/** A guest with a graph and a context, both 0, that has set three bytes. */
async function start({ engine = new FakeEngine({ keeps: true }), memory = new TestMemory() } = {}) {
  const guest = createTestGuest({ engine, memory });
  const { nn } = guest;
  const out = memory.words(0);
  expect(await nn('load_by_name', ...memory.text('echo'), out)).toBe(0);
  expect(nn('init_execution_context', 0, out)).toBe(0);
  expect(nn('set_input', 0, 0, memory.tensor([3], 2, Uint8Array.of(1, 2, 3)))).toBe(0);
  const reads = () => engine.callsOf('readTensor').length;
  return { ...guest, engine, out, buffer: memory.room(16), reads };
}

/** That nothing is left on the device, and nothing was given back twice. */
async function expectGivenBack(engine: FakeEngine, count: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  expect(engine.deviceTensors.size).toBe(0);
  const released = engine.callsOf('releaseTensor').map(([, deviceTensor]) => deviceTensor);
  expect(released).toHaveLength(count);
  expect(new Set(released).size).toBe(count);
}

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
])('an output on a device, of a client whose answers are %s,', (_what, isAsynchronous) => {
  const startHere = () => start({ engine: new FakeEngine({ asynchronous: isAsynchronous, keeps: true }) });

  it('is read once, when it is first got', async () => {
    const { nn, wamr, memory, engine, out, buffer, reads } = await startHere();
    expect(await nn('compute', 0)).toBe(0);
    expect(reads()).toBe(0);
    const getting = nn('get_output', 0, 0, buffer, 16, out);
    expect(getting instanceof Promise).toBe(isAsynchronous);
    expect(await getting).toBe(0);
    expect([...memory.read(buffer, 4), memory.readWord(out)]).toEqual([1, 2, 3, 0, 3]);
    const size = memory.words(1);
    expect(await wamr('get_output', 0, 0, buffer, size)).toBe(0);
    expect(reads()).toBe(1);
    await expectGivenBack(engine, 1);
  });

  it('is not read again after a buffer that was too small', async () => {
    const { nn, memory, out, buffer, reads } = await startHere();
    await nn('compute', 0);
    expect(await nn('get_output', 0, 0, buffer, 2, out)).toBe(7);
    expect([...memory.read(buffer, 3), memory.readWord(out)]).toEqual([0, 0, 0, 3]);
    expect(await nn('get_output', 0, 0, buffer, 3, out)).toBe(0);
    expect(memory.read(buffer, 3)).toEqual([1, 2, 3]);
    expect(reads()).toBe(1);
  });

  it('is given back with its context, by the next computation, by one that fails, and by fini_single', async () => {
    const { nn, engine } = await startHere();
    for (let round = 0; round < 2; round++) expect(await nn('compute', 0)).toBe(0);
    expect(engine.deviceTensors.size).toBe(1);
    engine.faults.set('compute', new WasiNNError('timeout', 'compute: too long'));
    expect(await nn('compute', 0)).toBe(4);
    await expectGivenBack(engine, 2);
    engine.faults.clear();
    await nn('compute', 0);
    expect(nn('fini_single', 0)).toBe(0);
    await expectGivenBack(engine, 3);
    await nn('compute', 0);
    expect(nn('finalize_execution_context', 0)).toBe(0);
    await expectGivenBack(engine, 4);
  });

  it('can be got after its graph was unloaded', async () => {
    const { nn, memory, out, buffer } = await startHere();
    await nn('compute', 0);
    expect(nn('unload', 0)).toBe(0);
    expect(await nn('get_output', 0, 0, buffer, 3, out)).toBe(0);
    expect(memory.read(buffer, 3)).toEqual([1, 2, 3]);
  });

  it('that cannot be read is an errno, and may be there the next time', async () => {
    const { nn, engine, errors, memory, out, buffer } = await startHere();
    await nn('compute', 0);
    engine.faults.set('readTensor', new WasiNNError('too-large', 'read: 101 calls at a time are more than the 100'));
    expect(await nn('get_output', 0, 0, buffer, 3, out)).toBe(7);
    expect(errors).toEqual(['get_output: too-large: read: 101 calls at a time are more than the 100']);
    expect([...memory.read(buffer, 3), memory.readWord(out)]).toEqual([0, 0, 0, 0]);
    engine.faults.clear();
    expect(await nn('get_output', 0, 0, buffer, 3, out)).toBe(0);
  });

  it('is not read for places that are not in the memory', async () => {
    const { nn, wamr, memory, out, buffer, reads } = await startHere();
    await nn('compute', 0);
    expect(await nn('get_output', 0, 0, memory.byteLength, 3, out)).toBe(1);
    expect(await nn('get_output', 0, 0, buffer, 3, out + 2)).toBe(1);
    expect(await wamr('get_output', 0, 0, buffer, memory.words(0x40000000))).toBe(1);
    expect(reads()).toBe(0);
  });
});

describe('while an output is read', () => {
  it('its context is busy for everything but the end', async () => {
    const { nn, wamr, memory, engine, out, buffer } = await start({
      engine: new FakeEngine({ asynchronous, keeps: true }),
    });
    await nn('compute', 0);
    const getting = nn('get_output', 0, 0, buffer, 3, out);
    expect(nn('get_output', 0, 0, buffer, 3, out)).toBe(4);
    expect(wamr('get_output', 0, 0, buffer, memory.words(1))).toBe(4);
    expect(nn('compute', 0)).toBe(4);
    expect(nn('set_input', 0, 0, memory.tensor([1], 2, Uint8Array.of(1)))).toBe(4);
    expect(nn('fini_single', 0)).toBe(4);
    expect(nn('finalize_execution_context', 0)).toBe(0);
    expect(await getting).toBe(0);
    expect(memory.read(buffer, 3)).toEqual([1, 2, 3]);
    await expectGivenBack(engine, 1);
  });

  it.each(['get_output', 'wamr'] as const)(
    'the memory may grow: the output goes where that is then (%s)',
    async (by) => {
      const engine = new FakeEngine({ asynchronous, keeps: true });
      const { nn, wamr, memory, out, buffer } = await start({ engine });
      await nn('compute', 0);
      engine.meanwhile = () => memory.memory.grow(1);
      const size = memory.words(1);
      const getting = by === 'wamr' ? wamr('get_output', 0, 0, buffer, size) : nn('get_output', 0, 0, buffer, 3, out);
      expect(await getting).toBe(0);
      expect(memory.byteLength).toBeGreaterThan(65_536);
      expect(memory.read(buffer, 3)).toEqual([1, 2, 3]);
    },
  );

  it.each(['get_output', 'wamr'] as const)('the memory may shrink: nothing is written beyond it (%s)', async (by) => {
    const engine = new FakeEngine({ asynchronous, keeps: true });
    const [large, small] = [new TestMemory({ pages: 2 }), new TestMemory()];
    let present = large.memory;
    const binding = createCoreModuleBinding(engine, () => present);
    const nn = callable(binding[by === 'wamr' ? 'wasi_nn' : 'wasi_ephemeral_nn']);
    const out = large.words(0);
    await nn('load_by_name', ...large.text('echo'), out);
    void nn('init_execution_context', 0, out);
    const tensor = { get_output: large.tensor, wamr: large.wamrTensor }[by].call(large, [1], 2, Uint8Array.of(1));
    expect(nn('set_input', 0, 0, tensor)).toBe(0);
    expect(await nn('compute', 0)).toBe(0);
    const before = small.snapshot();
    engine.meanwhile = () => {
      present = small.memory;
    };
    const size = large.words(1);
    const places = by === 'wamr' ? [65_536, size] : [65_536, 4, out];
    expect(await nn('get_output', 0, 0, ...places)).toBe(by === 'wamr' ? 7 : 1);
    if (by === 'get_output') expect(small.equals(before)).toBe(true);
  });

  it('a guest of WAMR may say that its buffer is smaller', async () => {
    const engine = new FakeEngine({ asynchronous, keeps: true });
    const { nn, wamr, memory, buffer } = await start({ engine });
    await nn('compute', 0);
    const size = memory.words(4);
    engine.meanwhile = () => memory.view().setUint32(size, 0, true);
    expect(await wamr('get_output', 0, 0, buffer, size)).toBe(7);
    expect([...memory.read(buffer, 3), memory.readWord(size)]).toEqual([0, 0, 0, 1]);
  });
});

it('what is computed for a context that is gone is given back', async () => {
  const engine = new FakeEngine({ asynchronous, keeps: true });
  const { nn } = await start({ engine });
  const computing = nn('compute', 0);
  expect(nn('finalize_execution_context', 0)).toBe(0);
  expect(await computing).toBe(0);
  await expectGivenBack(engine, 1);
});
