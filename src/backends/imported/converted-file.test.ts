import { describe, expect, it } from 'vitest';
import type { ImportedModel } from '../../importers/importer.js';
import { readConverted, readDeclaration, writeConverted, writeDeclaration } from './converted-file.js';

const model: ImportedModel = {
  onnx: Uint8Array.of(8, 9, 10),
  inputs: [{ name: 'x', aliases: ['first'], type: 'FP32', shape: [1, 'batch'] }],
  outputs: [{ name: 'y', type: 'bool', shape: [] }],
  inputAliases: new Map([['first', 'x']]),
  outputAliases: new Map(),
};

const bytesOf = async (parts: readonly Uint8Array<ArrayBuffer>[]) =>
  new Uint8Array(await new Blob([...parts]).arrayBuffer());

/** A file with any header, as a damaged storage or another script may leave it. */
function file(header: unknown, onnx = [1]): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  return Uint8Array.of(text.byteLength & 255, text.byteLength >> 8, 0, 0, ...text, ...onnx);
}

describe('a converted model in a file', () => {
  it('is read as it was written', async () => {
    expect(readConverted('key', await bytesOf(writeConverted('key', model)))).toEqual(model);
  });

  it('counts under its own key alone', async () => {
    expect(readConverted('other', await bytesOf(writeConverted('key', model)))).toBeUndefined();
  });

  const header = { key: 'key', inputs: [], outputs: [], inputAliases: [], outputAliases: [] };
  const tensor = { name: 'x', type: 'FP32', shape: [1] };

  it('is taken with the least that it may have', () => {
    expect(readConverted('key', file(header))).toMatchObject({ inputs: [], onnx: Uint8Array.of(1) });
    expect(readConverted('key', file({ ...header, inputs: [tensor] }))).toMatchObject({ inputs: [tensor] });
  });

  it.each<[string, Uint8Array<ArrayBuffer>]>([
    ['nothing', new Uint8Array()],
    ['half a length', Uint8Array.of(1, 0)],
    ['a header that is longer than the file', Uint8Array.of(255, 255, 255, 255, 0)],
    ['no ONNX model', file(header, [])],
    ['a header that is no JSON', file('{')],
    ['a header of null', file('null')],
    ['no inputs', file({ ...header, inputs: undefined })],
    ['inputs of any number', file({ ...header, inputs: 'any' })],
    ['an input without a name', file({ ...header, inputs: [{ type: 'FP32', shape: [] }] })],
    ['an input whose name is a number', file({ ...header, inputs: [{ ...tensor, name: 1 }] })],
    ['a type that is an object', file({ ...header, outputs: [{ ...tensor, type: {} }] })],
    ['a shape of a negative length', file({ ...header, outputs: [{ ...tensor, shape: [-1] }] })],
    ['a shape of half a length', file({ ...header, outputs: [{ ...tensor, shape: [0.5] }] })],
    ['a shape that is an object', file({ ...header, outputs: [{ ...tensor, shape: { length: 1 } }] })],
    ['aliases of an input that are numbers', file({ ...header, inputs: [{ ...tensor, aliases: [1] }] })],
    ['an alias of three texts', file({ ...header, inputAliases: [['a', 'b', 'c']] })],
    ['an alias of a number', file({ ...header, outputAliases: [['a', 1]] })],
    ['aliases that are an object', file({ ...header, outputAliases: { a: 'b' } })],
  ])('is none with %s', (_what, bytes) => {
    expect(readConverted('key', bytes)).toBeUndefined();
  });
});

describe("a program's declaration in a file", () => {
  it.each([['any' as const], [model.inputs]])('is read as it was written (%#)', async (inputs) => {
    const bytes = await bytesOf(writeDeclaration('key', inputs));
    expect(readDeclaration('key', bytes)).toEqual(inputs);
    expect(readDeclaration('other', bytes)).toBeUndefined();
  });

  it('is none where it is damaged', () => {
    for (const inputs of ['all', {}, [{}], undefined]) {
      expect(readDeclaration('key', file({ key: 'key', inputs }))).toBeUndefined();
    }
  });
});
