import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import type { NamedTensor, TensorValue } from '../standard/tensor.js';
import { createCustomBackend } from './custom-backend.js';

const url = 'https://page.example/my-backend.js';
const who = `the backend for tensorflowlite (${url})`;
const device = { target: 'cpu', provider: 'wasm', description: 'one thread' };
const model = [new Uint8Array([1])];

/** A graph as a module of someone else might make it, with what a test changes about it. */
function graph(changes: object = {}): object {
  return {
    inputs: [{ name: 'x', type: 'U8', shape: ['n'] }],
    outputs: [{ name: 'y', type: 'U8', shape: ['n'] }],
    device,
    fallback: [],
    compute: (inputs: ReadonlyMap<string, TensorValue>) => [['y', inputs.get('x')]],
    dispose: () => undefined,
    ...changes,
  };
}

function backendOf(module: unknown) {
  return createCustomBackend('tensorflowlite', url, async () => module);
}

function backendWith(answer: unknown) {
  return backendOf({ default: { name: 'mine', encodings: ['tensorflowlite'], load: () => answer } });
}

async function errorOf(action: Promise<unknown>): Promise<WasiNNError> {
  const cause = await action.catch((thrown: unknown) => thrown);
  if (cause instanceof WasiNNError) return cause;
  throw new Error(`expected a WasiNNError, but ${String(cause)} came`);
}

const tensor = (...values: number[]): TensorValue => ({
  type: 'U8',
  dimensions: [values.length],
  data: Uint8Array.from(values),
});

describe('a backend from outside', () => {
  it('is loaded with the first model, once, and passes on what it is given', async () => {
    const imports: string[] = [];
    const loads: unknown[][] = [];
    const load = (...values: unknown[]) => {
      loads.push(values);
      return graph();
    };
    const backend = createCustomBackend('tensorflowlite', url, async (address) => {
      imports.push(address);
      return { default: { name: 'mine', encodings: ['onnx', 'tensorflowlite'], load } };
    });
    expect(backend).toMatchObject({ name: url, encodings: ['tensorflowlite'] });
    expect(imports).toEqual([]);

    const options = { target: 'gpu', freeDimensions: { n: 1 } } as const;
    const loaded = await backend.load(model, options);
    await backend.load(model, options);
    expect(imports).toEqual([url]);
    expect(loads).toEqual([
      [model, options],
      [model, options],
    ]);
    expect(backend.name).toBe('mine');
    expect(loaded).toMatchObject({ device, fallback: [], outputs: [{ name: 'y', type: 'U8', shape: ['n'] }] });
    expect(await loaded.compute(new Map([['x', tensor(1, 2)]]))).toEqual([['y', tensor(1, 2)]]);
    await loaded.dispose();
  });

  it('may declare nothing of its inputs and outputs', async () => {
    const compute = (inputs: ReadonlyMap<string, TensorValue>) => [...inputs].toReversed();
    const loaded = await backendWith(graph({ inputs: 'any', outputs: 'any', compute })).load(model, { target: 'cpu' });
    const inputs: NamedTensor[] = [
      ['a', tensor(1)],
      ['b', tensor(2, 3)],
    ];
    expect(await loaded.compute(new Map(inputs))).toEqual(inputs.toReversed());
  });

  it('keeps the memory that its outputs lie in', async () => {
    const heap = new Uint8Array([1, 2, 3, 4]);
    const compute = () => [['y', { type: 'U8', dimensions: [4], data: heap }]];
    const loaded = await backendWith(graph({ compute })).load(model, { target: 'cpu' });
    const [[, output] = []] = await loaded.compute(new Map());
    expect(output?.data).toEqual(heap);
    expect(output?.data.buffer).not.toBe(heap.buffer);
  });

  it('is asked for again where it could not be loaded', async () => {
    let attempts = 0;
    const backend = createCustomBackend('tensorflowlite', url, async () => {
      attempts++;
      if (attempts === 1) throw new TypeError('Failed to fetch');
      return { default: { name: 'mine', encodings: ['tensorflowlite'], load: () => graph() } };
    });
    const error = await errorOf(backend.load(model, { target: 'cpu' }));
    expect(error.code).toBe('runtime-error');
    expect(error.message).toBe(
      `load: ${who} could not be loaded: Failed to fetch; check that it is a JavaScript module that is served there`,
    );
    await backend.load(model, { target: 'cpu' });
  });

  it.each([
    ['nothing', undefined],
    ['no default', { load: () => graph() }],
    ['a function', { default: () => graph() }],
    ['null', { default: null }],
    ['no load', { default: { name: 'mine', encodings: ['tensorflowlite'] } }],
    ['no encodings', { default: { name: 'mine', load: () => graph() } }],
    ['a name that is none', { default: { name: 5, encodings: ['tensorflowlite'], load: () => graph() } }],
  ])('is refused where its module exports %s', async (_what, module) => {
    const error = await errorOf(backendOf(module).load(model, { target: 'cpu' }));
    expect(error).toMatchObject({ code: 'runtime-error' });
    expect(error.message).toContain(`load: ${who} is none: its default export should be an object { name, encodings`);
  });

  it('is refused where it serves another encoding', async () => {
    const backend = backendOf({ default: { name: 'mine', encodings: ['ggml'], load: () => graph() } });
    expect((await errorOf(backend.load(model, { target: 'cpu' }))).message).toContain(
      `${who} serves ggml: name it for`,
    );
  });
});

describe('what a backend from outside throws', () => {
  const failing = (cause: unknown) => ({
    name: 'mine',
    encodings: ['tensorflowlite'],
    load: () => {
      throw cause;
    },
  });

  it.each([
    ['keeps its code where the standard has it', Object.assign(new Error('why'), { code: 'too-large' }), 'too-large'],
    ['is a runtime error otherwise', Object.assign(new Error('why'), { code: 'ENOENT' }), 'runtime-error'],
    ['may be anything', 'why', 'runtime-error'],
  ])('%s', async (_what, cause, code) => {
    const error = await errorOf(backendOf({ default: failing(cause) }).load(model, { target: 'cpu' }));
    expect(error).toMatchObject({ code, message: `load: ${who} failed: why` });
  });

  it('becomes an error that names the operation', async () => {
    const reject = () => Promise.reject(new Error('why'));
    const loaded = await backendWith(graph({ compute: reject, dispose: reject })).load(model, { target: 'cpu' });
    expect((await errorOf(loaded.compute(new Map()))).message).toBe(`compute: ${who} failed: why`);
    expect((await errorOf(loaded.dispose())).message).toBe(`unload: ${who} failed: why`);
  });
});

describe('what a backend from outside answers', () => {
  it.each([
    ['no graph', undefined, 'no graph'],
    ['a graph without compute', graph({ compute: undefined }), 'no function "compute"'],
    ['a graph without dispose', graph({ dispose: 1 }), 'no function "dispose"'],
    ['inputs of no kind', graph({ inputs: 'x' }), 'whose inputs are neither'],
    ['inputs without a shape', graph({ inputs: [{ name: 'x', type: 'U8' }] }), 'whose inputs are neither'],
    ['outputs with a negative length', graph({ outputs: [{ name: 'y', type: 'U8', shape: [-1] }] }), 'whose outputs'],
    ['an unknown provider', graph({ device: { ...device, provider: 'abacus' } }), 'whose device is not'],
    ['an unknown target', graph({ device: { ...device, target: 'npu' } }), 'whose device is not'],
    ['no fallback', graph({ fallback: undefined }), 'whose fallback is no list'],
    ['a fallback without a reason', graph({ fallback: [device] }), 'whose fallback is no list'],
  ])('to load is refused where it is %s', async (_what, answer, text) => {
    const error = await errorOf(backendWith(answer).load(model, { target: 'cpu' }));
    expect(error.code).toBe('runtime-error');
    expect(error.message).toMatch(/^load: the backend for tensorflowlite .* answered with/);
    expect(error.message).toContain(text);
  });

  const y = (changes: object = {}) => [['y', { ...tensor(1, 2), ...changes }]];

  it.each([
    ['nothing', undefined, 'no list of outputs'],
    ['a tensor without a name', [tensor(1)], 'an output that is no pair of a name and a tensor'],
    ['a name without a tensor', [['y']], 'an output that is no pair of a name and a tensor'],
    ['an unknown type', y({ type: 'U4' }), 'the output "y", which is no tensor'],
    ['a length that is none', y({ dimensions: [0.5] }), 'the output "y", which is no tensor'],
    ['numbers in place of bytes', y({ data: [1, 2] }), 'the output "y", which is no tensor'],
    ['too few bytes', y({ dimensions: [3] }), '2 bytes for the output "y", U8 [3], which has 3 bytes'],
    ['another type than declared', y({ type: 'BF16', dimensions: [1] }), 'the outputs "y" BF16 [1], but the graph has'],
    [
      'another rank than declared',
      y({ dimensions: [1, 2] }),
      'the outputs "y" U8 [1, 2], but the graph has "y" U8 [n]',
    ],
    ['another name than declared', [['z', tensor(1)]], 'the outputs "z" U8 [1], but the graph has "y" U8 [n]'],
    ['fewer outputs than declared', [], 'the outputs (none), but the graph has "y" U8 [n]'],
    [
      'more outputs than declared',
      [...y(), ...y()],
      'the outputs "y" U8 [2], "y" U8 [2], but the graph has "y" U8 [n]',
    ],
  ])('to compute is refused where it is %s', async (_what, answer, text) => {
    const loaded = await backendWith(graph({ compute: () => answer })).load(model, { target: 'cpu' });
    const error = await errorOf(loaded.compute(new Map()));
    expect(error.code).toBe('runtime-error');
    expect(error.message).toContain(`compute: ${who} answered with ${text}`);
  });
});
