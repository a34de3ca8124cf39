import { describe, expect, it } from 'vitest';
import { type GuestImports, parseImportCall, parseImports } from './page-imports.js';

const call = { module: 'env', name: 'add', values: [1, 2] };

describe('parseImports', () => {
  it('gives the names, and calls the functions', async () => {
    const { names, call: callImport } = parseImports({
      env: { add: (one: number, other: number) => one + other, log() {} },
    });
    expect(names).toEqual(new Map([['env', ['add', 'log']]]));
    expect(await callImport(call)).toEqual({ values: [3] });
    expect(await callImport({ module: 'env', name: 'log', values: [] })).toEqual({ values: [] });
  });

  it('waits for promises, and takes several results', async () => {
    const { call: callImport } = parseImports({ env: { add: async () => [1n, 2.5] } });
    expect(await callImport(call)).toEqual({ values: [1n, 2.5] });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no more');
      },
      'env.add: no more',
    ],
    [
      'returns no number',
      () => JSON.parse('"three"'),
      'env.add: expected nothing, a number, a bigint, or an array of these',
    ],
  ])('reports a function that %s', async (_what, add, error) => {
    expect(await parseImports({ env: { add } }).call(call)).toEqual({ error });
  });

  it.each(['toString', '__proto__', 'constructor'])('has no function %s that every object has', async (name) => {
    const { call: callImport } = parseImports({ env: {} });
    const error = expect.stringContaining('the page has no such function');
    expect(await callImport({ ...call, name })).toEqual({ error });
    expect(await callImport({ ...call, module: name })).toEqual({ error });
  });

  it.each([
    ['{ "wasi_nn": {} }', 'imports: "wasi_nn" is what this library provides, and cannot be replaced'],
    ['{ "env": "add" }', 'imports: "env" must be an object of functions'],
    ['{ "env": { "add": 1 } }', 'imports: "env.add" must be a function, not number'],
  ])('refuses %s', (json, message) => {
    const imports: GuestImports = JSON.parse(json);
    expect(() => parseImports(imports)).toThrow(expect.objectContaining({ code: 'invalid-argument', message }));
  });
});

describe('parseImportCall', () => {
  it('reads a call', () => {
    expect(parseImportCall({ ...call, more: 1 })).toEqual(call);
  });

  it.each([
    undefined,
    { ...call, module: 1 },
    { ...call, name: {} },
    { ...call, values: 'x' },
    { ...call, values: [{}] },
    { ...call, values: Array.from({ length: 1001 }, () => 0) },
  ])('refuses what is none (case %#)', (data) => {
    expect(parseImportCall(data)).toBeUndefined();
  });
});
