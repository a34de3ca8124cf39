import { describe, expect, it } from 'vitest';
import type { InferenceClient } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { createCoreModuleBinding } from './core-module.js';
import { coreModuleArities } from './core-module-arities.fixture.js';
import { callable, createTestGuest, echoModel, FakeEngine, TestMemory } from './guest.fixture.js';

const asynchronous = true;

const arities: Readonly<Record<string, number>> = coreModuleArities;
const functionNames = Object.keys(arities);
const zeros = (name: string) => Array.from({ length: arities[name] ?? 0 }, () => 0);

/** Each function in turn, as a guest calls it that does everything right. */
async function runThrough(guest: ReturnType<typeof createTestGuest>): Promise<number[]> {
  const { nn, memory } = guest;
  const out = memory.words(0);
  const results: number[] = [];
  const call = async (name: string, ...args: number[]) => results.push(await nn(name, ...args));
  await call('load', ...memory.builders(echoModel), 1, 0, out);
  await call('load_by_name', ...memory.text('echo'), out);
  await call('init_execution_context', 0, out);
  await call('set_input', 0, 0, memory.tensor([1], 2, Uint8Array.of(1)));
  await call('compute', 0);
  await call('get_output', 0, 0, 16, 4, out);
  return results;
}

describe('the modules', () => {
  it("are the standard's with WasmEdge's additions, and WAMR's", () => {
    const binding = createCoreModuleBinding(new FakeEngine(), () => undefined);
    expect(Object.keys(binding)).toEqual(['wasi_ephemeral_nn', 'wasi_nn']);
    expect(Object.keys(binding.wasi_ephemeral_nn)).toEqual(functionNames);
    const ofWamr = [...functionNames.slice(0, 6), 'load_by_name_with_config'];
    expect(Object.keys(binding.wasi_nn).toSorted()).toEqual(ofWamr.toSorted());
  });

  it('name the functions that have to wait for the engine, and only those suspend', async () => {
    const engine = new FakeEngine({ asynchronous });
    const { memory } = new TestMemory();
    const { wasi_ephemeral_nn, wasi_nn } = createCoreModuleBinding(engine, () => memory);
    const suspending = (module: object) => Object.entries(module).filter(([, { suspends }]) => suspends);
    expect(suspending(wasi_ephemeral_nn).map(([name]) => name)).toEqual([
      'load',
      'load_by_name',
      'compute',
      'get_output',
      'load_by_name_with_config',
      'compute_single',
      'get_output_single',
    ]);
    expect(suspending(wasi_nn).map(([name]) => name)).toEqual([
      'load',
      'load_by_name',
      'load_by_name_with_config',
      'compute',
      'get_output',
    ]);
    for (const module of [wasi_ephemeral_nn, wasi_nn]) {
      for (const [name, { suspends, call }] of Object.entries(module)) {
        if (!suspends) expect(call(...zeros(name))).toEqual(expect.any(Number));
      }
    }
  });

  it('share the graphs of a guest', () => {
    const { nn, wamr, memory } = createTestGuest();
    const out = memory.words(0);
    expect(nn('load_by_name', ...memory.text('echo'), out)).toBe(0);
    expect(wamr('init_execution_context', 0, out)).toBe(0);
    expect(nn('finalize_execution_context', 0)).toBe(0);
  });

  it("do not share the graphs of another guest's binding", () => {
    const engine = new FakeEngine();
    const [one, two] = [createTestGuest({ engine }), createTestGuest({ engine })];
    const out = one.memory.words(0);
    expect(one.nn('load_by_name', ...one.memory.text('echo'), out)).toBe(0);
    expect(two.nn('init_execution_context', 0, out)).toBe(1);
  });
});

describe('a client that answers at once', () => {
  it('never makes a function answer with a promise', () => {
    const { nn, wamr, memory } = createTestGuest();
    const out = memory.words(0);
    void nn('load_by_name', ...memory.text('echo'), out);
    for (const name of functionNames) {
      expect(nn(name, ...zeros(name))).toEqual(expect.any(Number));
    }
    for (const name of functionNames.slice(0, 6)) expect(wamr(name, ...zeros(name))).toEqual(expect.any(Number));
  });
});

describe("the guest's memory", () => {
  it('is missed by every function where there is none', () => {
    const engine = new FakeEngine();
    const errors: WasiNNError[] = [];
    const binding = createCoreModuleBinding(
      engine,
      () => undefined,
      (error) => errors.push(error),
    );
    for (const name of functionNames) expect(callable(binding.wasi_ephemeral_nn)(name, ...zeros(name))).toBe(3);
    for (const name of functionNames.slice(0, 6)) expect(callable(binding.wasi_nn)(name, ...zeros(name))).toBe(3);
    expect(errors).toHaveLength(18);
    expect(errors[0]?.message).toBe('load: the guest has no memory: export it under the name "memory"');
    expect(engine.calls).toEqual([]);
  });

  it('may grow while the guest is suspended', async () => {
    const engine = new FakeEngine({ asynchronous });
    const memory = new TestMemory();
    engine.meanwhile = () => memory.memory.grow(1);
    expect(await runThrough(createTestGuest({ engine, memory }))).toEqual([0, 0, 0, 0, 0, 0]);
    expect(memory.byteLength).toBe(4 * 65_536);
  });

  it('may be where the result goes only after it has grown', async () => {
    const engine = new FakeEngine({ asynchronous });
    const { nn, memory } = createTestGuest({ engine });
    expect(await nn('load_by_name', ...memory.text('echo'), memory.byteLength)).toBe(1);
    memory.memory.grow(1);
    expect(await nn('load_by_name', ...memory.text('echo'), 65_536)).toBe(0);
    expect(memory.readWord(65_536)).toBe(0);
  });

  it('may be gone after the suspension: the graph that nobody can get is given back', async () => {
    const engine = new FakeEngine({ asynchronous });
    const memory = new TestMemory();
    const name = memory.text('echo');
    let present: WebAssembly.Memory | undefined = memory.memory;
    const nn = callable(createCoreModuleBinding(engine, () => present).wasi_ephemeral_nn);
    engine.meanwhile = () => {
      present = undefined;
    };
    expect(await nn('load_by_name', ...name, 1024)).toBe(3);
    expect(engine.graphs.size).toBe(0);
    engine.meanwhile = () => {};
    present = memory.memory;
    expect(memory.readWord(1024)).toBe(0);
    expect(nn('init_execution_context', 0, 1024)).toBe(1);
  });

  it('may be shared with other threads', async () => {
    const memory = new TestMemory({ shared: true });
    expect(memory.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    const engine = new FakeEngine();
    const guest = createTestGuest({ engine, memory });
    expect(await runThrough(guest)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(guest.errors).toEqual([]);
    expect(engine.callsOf('compute')[0]?.[2]).toEqual([['x', 'U8', 1]]);
  });
});

describe('a context that computes', () => {
  it('is busy for everything but the end', async () => {
    const engine = new FakeEngine({ asynchronous });
    const { nn, memory } = createTestGuest({ engine });
    const out = memory.words(0);
    await nn('load_by_name', ...memory.text('echo'), out);
    for (let context = 0; context < 2; context++) void nn('init_execution_context', 0, out);
    const tensor = memory.tensor([1], 2, Uint8Array.of(1));
    for (let context = 0; context < 2; context++) void nn('set_input', context, 0, tensor);

    const computing = nn('compute', 0);
    expect(nn('compute', 0)).toBe(4);
    expect(nn('compute_single', 0)).toBe(4);
    expect(nn('set_input', 0, 0, tensor)).toBe(4);
    expect(nn('get_output', 0, 0, 16, 4, out)).toBe(4);
    expect(nn('fini_single', 0)).toBe(4);
    expect(await nn('compute', 1)).toBe(0);
    expect(await computing).toBe(0);
    expect(nn('get_output', 0, 0, 16, 4, out)).toBe(0);

    const another = nn('compute', 0);
    expect(nn('finalize_execution_context', 0)).toBe(0);
    expect(await another).toBe(0);
    expect(nn('get_output', 0, 0, 16, 4, out)).toBe(1);
  });

  it('is free again after it has failed', async () => {
    const engine = new FakeEngine({ asynchronous });
    const { nn, memory } = createTestGuest({ engine });
    const out = memory.words(0);
    await nn('load_by_name', ...memory.text('echo'), out);
    void nn('init_execution_context', 0, out);
    expect(await nn('compute', 0)).toBe(1);
    void nn('set_input', 0, 0, memory.tensor([1], 2, Uint8Array.of(1)));
    expect(await nn('compute', 0)).toBe(0);
  });
});

describe('a failure', () => {
  const operations: readonly [operation: keyof InferenceClient, position: number][] = [
    ['load', 0],
    ['loadByName', 1],
    ['compute', 4],
  ];
  const causes: readonly [string, unknown, number][] = [
    ['a WasiNNError', new WasiNNError('unsupported-operation', 'load: no'), 6],
    ['a bug', new TypeError('undefined is not a function'), 5],
    ['a bare number', 13_372_040, 5],
    ['nothing', undefined, 5],
    ['what has no text', Object.create(null), 5],
  ];

  it.each(
    operations.flatMap(([operation, position]) =>
      causes.flatMap(([what, cause, number]) =>
        [false, true].map((isAsynchronous) => [operation, what, isAsynchronous, position, cause, number] as const),
      ),
    ),
  )(
    'of %s with %s becomes an errno (asynchronous client: %s)',
    async (operation, _what, isAsynchronous, position, cause, number) => {
      const engine = new FakeEngine({ asynchronous: isAsynchronous });
      const guest = createTestGuest({ engine });
      engine.faults.set(operation, cause);
      const results = await runThrough(guest);
      expect(results[position]).toBe(number);
      expect(guest.errors).not.toEqual([]);
    },
  );

  it('is reported with its text and the function that failed', () => {
    const { nn, memory, errors } = createTestGuest();
    void nn('load_by_name', ...memory.text('resnet'), 16);
    void nn('compute', 7);
    expect(errors).toEqual([
      'load_by_name: not-found: load-by-name: there is no "resnet"',
      'compute: invalid-argument: compute: there is no execution context 7, or there is no more',
    ]);
  });

  it('needs no listener, and bears one that throws', () => {
    const { memory } = new TestMemory();
    const silent = createCoreModuleBinding(new FakeEngine(), () => memory);
    expect(callable(silent.wasi_ephemeral_nn)('compute', 0)).toBe(1);
    const broken = createCoreModuleBinding(
      new FakeEngine(),
      () => memory,
      () => {
        throw new Error('the log is full');
      },
    );
    expect(callable(broken.wasi_ephemeral_nn)('compute', 0)).toBe(1);
  });

  it('of asking for the memory is one as well', () => {
    const binding = createCoreModuleBinding(new FakeEngine(), () => {
      throw new Error('no exports yet');
    });
    expect(callable(binding.wasi_ephemeral_nn)('compute', 0)).toBe(5);
  });

  it.each(functionNames)('of a guest that declares %s with other parameters is one as well', (name) => {
    const { memory } = new TestMemory();
    const call = createCoreModuleBinding(new FakeEngine(), () => memory).wasi_ephemeral_nn[name]?.call;
    if (!call) throw new Error(`there is no ${name}`);
    expect(call()).toBe(1);
    expect(Reflect.apply(call, undefined, [0n, 0n, 0n, 0n, 0n])).toBe(5);
  });
});
