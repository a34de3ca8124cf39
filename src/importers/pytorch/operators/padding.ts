import { type Operator, operator, variant } from '../operator.js';
import type { Tensor } from '../tensor.js';
import type { TensorGraph } from '../tensor-graph.js';
import { numberOf } from '../values.js';
import { eachOf } from './elementwise.js';
import { operand } from './promotion.js';

/** PyTorch's names of the modes, and ONNX's. */
const modes: ReadonlyMap<string, string> = new Map([
  ['constant', 'constant'],
  ['reflect', 'reflect'],
  ['replicate', 'edge'],
  ['circular', 'wrap'],
]);

/** @param pads start and end of the last axis, then of the one before, and so on; negative ones cut */
function pad(graph: TensorGraph, x: Tensor, pads: readonly number[], mode: string, value: Tensor): Tensor {
  let result = x;
  const starts = new Array<number>(x.rank).fill(0);
  const ends = new Array<number>(x.rank).fill(0);
  for (let index = 0; index * 2 < pads.length; index++) {
    const axis = x.rank - 1 - index;
    const [start = 0, end = 0] = pads.slice(index * 2);
    const length = x.shape[axis] ?? 0;
    result = graph.slice(result, axis, Math.max(0, -start), length - Math.max(0, -end));
    starts[axis] = Math.max(0, start);
    ends[axis] = Math.max(0, end);
  }
  if (pads.every((length) => length <= 0)) return result;
  if (mode === 'wrap') graph.builder.requireOpset(19);
  const shape = result.shape.map((length, axis) => length + (starts[axis] ?? 0) + (ends[axis] ?? 0));
  const inputs = [result, graph.int64s([...starts, ...ends]), ...(mode === 'constant' ? [value] : [])];
  return graph.add('Pad', inputs, { type: x.type, shape }, { mode });
}

/** Pads with a number unless the call says otherwise. */
const padding: Operator = operator('self pad mode value', (graph, call) => {
  const x = call.tensor('self');
  const mode = modes.get(call.text('mode', 'constant'));
  if (!mode) throw variant(`the mode ${JSON.stringify(call.text('mode').slice(0, 50))}`);
  return pad(graph, x, call.integers('pad'), mode, operand(graph, call.value('value') ?? 0, x.type));
});

const constantPadding: Operator = operator('self pad value', (graph, call) => {
  const x = call.tensor('self');
  const value = numberOf(call.value('value')) ?? 0;
  return pad(graph, x, call.integers('pad'), 'constant', graph.scalar(x.type, value));
});

function paddingBy(mode: string): Operator {
  return operator('self padding', (graph, call) => {
    const x = call.tensor('self');
    return pad(graph, x, call.integers('padding'), mode, graph.scalar(x.type, 0));
  });
}

export const paddingOperators: Record<string, Operator> = {
  pad: padding,
  constant_pad_nd: constantPadding,
  ...eachOf({ reflection_pad1d: 'reflect', reflection_pad2d: 'reflect', reflection_pad3d: 'reflect' }, paddingBy),
  ...eachOf({ replication_pad1d: 'edge', replication_pad2d: 'edge', replication_pad3d: 'edge' }, paddingBy),
};
