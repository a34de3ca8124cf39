import { describe, expect, it } from 'vitest';
import { removeProtoAccessor } from '../../standard/proto-accessor.js';
import type { TensorValue } from '../../standard/tensor.js';
import { model, node, value } from './model.fixture.js';
import { createOnnxBackend } from './onnx.js';

// As the engine's worker does, for onnxruntime's own tables.
removeProtoAccessor();

const backend = createOnnxBackend({ allowSoftwareAdapter: false });

/** Names that a plain object has, or treats in its own way. */
const names = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  '__defineGetter__',
  'valueOf',
  '0',
];

function floats(...values: number[]): TensorValue {
  return { type: 'FP32', dimensions: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) };
}

/** A model that copies each input to the output of a name. */
function copyingModel(pairs: readonly (readonly [input: string, output: string])[]): Uint8Array<ArrayBuffer> {
  return model({
    nodes: pairs.map(([input, output]) => node('Identity', [input], [output])),
    inputs: pairs.map(([input]) => value(input)),
    outputs: pairs.map(([, output]) => value(output)),
  });
}

describe('a model', () => {
  it.each(names)('may name an input %s', async (name) => {
    const loaded = await backend.load([copyingModel([[name, 'out']])], { target: 'cpu' });
    expect(await loaded.compute(new Map([[name, floats(1, 2)]]))).toEqual([['out', floats(1, 2)]]);
    await loaded.dispose();
  });

  it.each(names)('may name an output %s', async (name) => {
    const loaded = await backend.load([copyingModel([['in', name]])], { target: 'cpu' });
    expect(await loaded.compute(new Map([['in', floats(1, 2)]]))).toEqual([[name, floats(1, 2)]]);
    await loaded.dispose();
  });

  it('may use all of these names at once', async () => {
    const pairs = names.map((name) => [`in ${name}`, name] as const);
    const loaded = await backend.load([copyingModel(pairs)], { target: 'cpu' });
    const inputs = new Map(pairs.map(([input], index) => [input, floats(index, -index)]));
    expect(await loaded.compute(inputs)).toEqual(names.map((name, index) => [name, floats(index, -index)]));
    await loaded.dispose();
  });

  it('may name an open axis __proto__', async () => {
    const identity = node('Identity', ['in'], ['out']);
    const open = value('in', ['__proto__']);
    const bytes = model({ nodes: [identity], inputs: [open], outputs: [value('out', ['__proto__'])] });
    const freeDimensions = Object.fromEntries([['__proto__', 2]]);
    const loaded = await backend.load([bytes], { target: 'cpu', freeDimensions });
    expect(loaded.inputs).toMatchObject([{ shape: [2] }]);
    await loaded.dispose();
  });
});
