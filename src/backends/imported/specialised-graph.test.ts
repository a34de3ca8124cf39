import { describe, expect, it } from 'vitest';
import type { ImportedModel } from '../../importers/importer.js';
import { limitsFor } from '../../importers/limits.js';
import { GraphBuilder } from '../../importers/onnx/graph-builder.js';
import { writeModel } from '../../importers/onnx/write-model.js';
import { WasiNNError } from '../../standard/error.js';
import type { DeclaredTensors, TensorShape, TensorValue } from '../../standard/tensor.js';
import type { Backend, BackendGraph, LoadOptions } from '../backend.js';
import { createOnnxBackend } from '../onnx/onnx.js';
import { createSpecialisedGraph, type Program } from './specialised-graph.js';

const options: LoadOptions = { target: 'cpu' };

/** Computes a - b, for any shape. */
function difference(shapes: readonly TensorShape[]): ImportedModel {
  const graph = new GraphBuilder('difference', limitsFor(0));
  const [a, b] = shapes.map(({ dimensions }, index) => graph.input(`p${index}`, 'float32', dimensions));
  graph.output('output', graph.add('Sub', [a, b]), 'float32', undefined);
  const inputs = shapes.map(({ type, dimensions }, index) => ({ name: `p${index}`, type, shape: dimensions }));
  const onnx = writeModel({ graph: graph.build(), opset: graph.opset });
  return { onnx, inputs, outputs: [], inputAliases: new Map(), outputAliases: new Map() };
}

/** The ONNX backend, and how many of its graphs there are and have been. */
function counted(): { backend: Backend; loads: () => number; open: () => number } {
  const onnx = createOnnxBackend({ allowSoftwareAdapter: false });
  let [loads, open] = [0, 0];
  const backend: Backend = {
    ...onnx,
    async load(parts, loadOptions) {
      const graph = await onnx.load(parts, loadOptions);
      loads++;
      open++;
      const dispose = () => {
        open--;
        return graph.dispose();
      };
      return { ...graph, device: graph.device, dispose };
    },
  };
  return { backend, loads: () => loads, open: () => open };
}

async function start(inputs: DeclaredTensors = 'any', specialise = difference) {
  const onnx = counted();
  const load: Program['load'] = async (shapes) => {
    const model = specialise(shapes);
    return { graph: await onnx.backend.load([model.onnx], options), model };
  };
  const graph = await createSpecialisedGraph({ program: { inputs, load }, options });
  return { ...onnx, graph };
}

function tensor(...values: number[]): TensorValue {
  return { type: 'FP32', dimensions: [values.length], data: new Uint8Array(Float32Array.from(values).buffer) };
}

async function compute(graph: BackendGraph, inputs: Record<string, TensorValue>): Promise<number[] | undefined> {
  const [output] = await graph.compute(new Map(Object.entries(inputs)));
  return output && [...new Float32Array(output[1].data.slice().buffer)];
}

describe('a graph that is converted for the shapes that come', () => {
  it('is converted once for each, and keeps those that were used last', async () => {
    const { graph, loads, open } = await start();
    const computeOn = (length: number) =>
      compute(graph, { 0: tensor(...new Array(length).fill(3)), 1: tensor(...new Array(length).fill(1)) });

    expect(loads()).toBe(0);
    for (const length of [1, 2, 3, 1, 4, 1, 5]) expect(await computeOn(length)).toEqual(new Array(length).fill(2));
    expect(loads()).toBe(5);
    expect(open()).toBe(4);
    await computeOn(1);
    expect(loads()).toBe(5);
    await computeOn(2);
    expect(loads()).toBe(6);
    await graph.dispose();
    expect(open()).toBe(0);
  });

  it('takes inputs by their positions, in whatever order they come', async () => {
    const { graph } = await start();

    expect(await compute(graph, { 1: tensor(1), 0: tensor(5) })).toEqual([4]);
    expect(await compute(graph, { x: tensor(5), y: tensor(1) })).toEqual([4]);
    await expect(compute(graph, { 2: tensor(1), 0: tensor(5) })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('input 1 is missing'),
    });
    await graph.dispose();
  });

  it('is converted again after it has failed', async () => {
    let isBroken = true;
    const { graph, loads } = await start('any', (shapes) => {
      if (isBroken) throw new WasiNNError('unsupported-operation', 'load: not this one');
      return difference(shapes);
    });

    await expect(compute(graph, { 0: tensor(5), 1: tensor(1) })).rejects.toMatchObject({
      code: 'unsupported-operation',
    });
    isBroken = false;
    expect(await compute(graph, { 0: tensor(5), 1: tensor(1) })).toEqual([4]);
    expect(loads()).toBe(1);
    await graph.dispose();
  });

  it('is converted at once where the program declares what it takes', async () => {
    const declared = ['a', 'b'].map((name) => ({ name, type: 'FP32', shape: [1] }));
    const { graph, loads } = await start(declared);

    expect(loads()).toBe(1);
    expect(graph.device).toMatchObject({ provider: 'wasm', description: expect.stringContaining('thread') });
    expect(await compute(graph, { b: tensor(1), a: tensor(5) })).toEqual([4]);
    expect(loads()).toBe(1);
    await graph.dispose();
  });
});
