import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../../standard/error.js';
import { savedModelGolden } from './goldens.fixture.js';
import { importTensorflow } from './import-tensorflow.js';
import {
  constNode,
  functionAttribute,
  graphDef,
  integerAttribute,
  integersAttribute,
  nodeDef,
  placeholder,
  type TestFunction,
} from './model.fixture.js';

// Hostile models end in an error that names the problem. Damaged ones are in `fuzz.test.ts`.

type Parts = readonly Uint8Array<ArrayBuffer>[];

async function outcomeOf(parts: Parts): Promise<WasiNNError | undefined> {
  try {
    await importTensorflow(parts);
    return undefined;
  } catch (cause) {
    if (cause instanceof WasiNNError) return cause;
    throw cause;
  }
}

describe('a model of parts that do not fit', () => {
  it('fails where parts of one model are in the places of another', async () => {
    const [model, index, data] = savedModelGolden().parts;
    if (!model || !index || !data) throw new Error('a SavedModel has three parts');

    expect((await outcomeOf([model, index, index]))?.code).toBe('invalid-encoding');
    expect((await outcomeOf([model, model, data]))?.code).toBe('invalid-encoding');
    expect((await outcomeOf([data]))?.code).toBe('invalid-encoding');
    expect((await outcomeOf([index]))?.code).toBe('invalid-encoding');
  });
});

describe('a hostile graph', () => {
  it.each([
    ['an absurd length', [1 << 30, 1 << 30], 'too-large'],
    ['a product beyond all numbers', Array.from({ length: 200 }, () => 1 << 30), 'too-large'],
    ['too many axes', Array.from({ length: 255 }, () => 1), 'invalid-encoding'],
    ['one value for a gigabyte', [1 << 28], 'too-large'],
  ])('is refused for a constant with %s', async (_what, dims, code) => {
    const graph = graphDef([constNode('big', [1, 2], dims), nodeDef('y', 'Neg', ['big'])]);

    expect((await outcomeOf([graph]))?.code).toBe(code);
  });

  it('is refused where many constants repeat one value', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `c${index}`);
    const graph = graphDef([
      ...names.map((name, index) => constNode(name, [index, 1], [3 << 20])),
      nodeDef('y', 'AddN', names),
    ]);

    expect((await outcomeOf([graph]))?.code).toBe('too-large');
  });

  it('is refused where a function calls itself', async () => {
    const loop = (name: string, next: string): TestFunction => ({
      name,
      inputs: ['a'],
      outputs: { r: 'call:output:0' },
      nodes: [nodeDef('call', 'PartitionedCall', ['a'], { f: functionAttribute(next) })],
    });
    const call = nodeDef('y', 'PartitionedCall', ['x'], { f: functionAttribute('f') });
    const graph = graphDef([placeholder('x', [2]), call], [loop('f', 'g'), loop('g', 'f')]);

    const error = await outcomeOf([graph]);

    expect(error?.code).toBe('invalid-encoding');
    expect(error?.message).toContain('the function "f" calls itself');
  });

  it('is refused where functions call one another twice, forty deep', async () => {
    const functions = Array.from({ length: 40 }, (_, level): TestFunction => {
      const call = (name: string, from: string) =>
        nodeDef(name, 'PartitionedCall', [from], { f: functionAttribute(`f${level + 1}`) });
      return {
        name: `f${level}`,
        inputs: ['a'],
        outputs: { r: 'second:output:0' },
        nodes: [call('first', 'a'), call('second', 'first:output:0')],
      };
    });
    const last: TestFunction = { name: 'f40', inputs: ['a'], outputs: { r: 'a' }, nodes: [] };
    const call = nodeDef('y', 'PartitionedCall', ['x'], { f: functionAttribute('f0') });
    const graph = graphDef([placeholder('x', [2]), call], [...functions, last]);

    expect((await outcomeOf([graph]))?.code).toBe('too-large');
  });

  it.each([
    ['takes what no node makes', nodeDef('y', 'Neg', ['nobody']), 'the node "nobody", which does not exist'],
    ['takes an output that its node does not have', nodeDef('y', 'Neg', ['x:7']), 'the output 7 of the node "x"'],
    ['has too few inputs', nodeDef('y', 'AddV2', ['x']), 'has no input 1'],
    ['is called as another', nodeDef('x', 'Neg', ['x']), 'two nodes have the name "x"'],
    [
      'calls a function that does not exist',
      nodeDef('y', 'PartitionedCall', ['x'], { f: functionAttribute('g') }),
      '"g"',
    ],
    ['has the name of what all objects have', nodeDef('y', 'constructor', ['x']), 'constructor in "y"'],
  ])('is refused where a node %s', async (_what, node, text) => {
    expect((await outcomeOf([graphDef([placeholder('x', [2]), node])]))?.message).toContain(text);
  });

  it('is refused where a window does not move', async () => {
    const strides = integersAttribute([1, 0, 0, 1]);
    const pool = nodeDef('y', 'MaxPool', ['x'], { ksize: integersAttribute([1, 2, 2, 1]), strides });

    const error = await outcomeOf([graphDef([placeholder('x', [1, 4, 4, 1]), pool])]);

    expect(error?.code).toBe('unsupported-operation');
    expect(error?.message).toContain('MaxPool (strides [1, 0, 0, 1]) in "y"');
  });

  it('is refused where parts of an axis are no whole numbers', async () => {
    const split = nodeDef('y', 'Split', ['axis', 'x'], { num_split: integerAttribute(2) });
    const graph = graphDef([placeholder('x', [5]), constNode('axis', [0]), split]);

    expect((await outcomeOf([graph]))?.code).toBe('invalid-encoding');
  });

  it('may have a chain of nodes that is very long', async () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => nodeDef(`n${index + 1}`, 'Identity', [`n${index}`]));

    const graph = graphDef([placeholder('n0', [2]), ...nodes, nodeDef('y', 'Neg', ['n20000'])]);

    expect(await outcomeOf([graph])).toBeUndefined();
  });
});
