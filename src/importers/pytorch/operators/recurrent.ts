import { clipOutOfReach } from '../../onnx/webnn-refusals.js';
import { type Arguments, type Operator, operator, variant } from '../operator.js';
import { Tensor } from '../tensor.js';
import { mismatch, type TensorGraph } from '../tensor-graph.js';
import { linear } from './matrices.js';

interface Kind {
  readonly onnx: string;
  /** The gates in ONNX's order, by their places in PyTorch's. */
  readonly gates: readonly number[];
  readonly activation?: string;
}

const kinds = {
  // PyTorch: input, forget, cell, output. ONNX: input, output, forget, cell.
  lstm: { onnx: 'LSTM', gates: [0, 3, 1, 2] },
  // PyTorch: reset, update, new. ONNX: update, reset, new.
  gru: { onnx: 'GRU', gates: [1, 0, 2] },
  rnn_tanh: { onnx: 'RNN', gates: [0], activation: 'Tanh' },
  rnn_relu: { onnx: 'RNN', gates: [0], activation: 'Relu' },
} as const satisfies Record<string, Kind>;

/** The rows of weights in the order of ONNX's gates, with an axis for the direction. */
function reorder(graph: TensorGraph, weight: Tensor, { gates }: Kind): Tensor {
  const rows = (weight.shape[0] ?? 0) / gates.length;
  const parts = gates.map((gate) => graph.slice(weight, 0, gate * rows, (gate + 1) * rows));
  return graph.unsqueeze(parts.length === 1 ? weight : graph.concat(parts, 0), [0]);
}

interface Layer {
  readonly input: Tensor;
  readonly recurrent: Tensor;
  readonly bias: Tensor | undefined;
  readonly hidden: number;
}

/** The parameters of one layer, for both directions where it has two. */
function layerOf(graph: TensorGraph, parameters: readonly Tensor[], kind: Kind, hasBiases: boolean): Layer {
  const each = hasBiases ? 4 : 2;
  const directions = Array.from({ length: parameters.length / each }, (_, index) =>
    parameters.slice(index * each, (index + 1) * each),
  );
  const join = (place: number) =>
    graph.concat(
      directions.map((direction) => reorder(graph, direction[place] ?? missing(), kind)),
      0,
    );
  const bias = hasBiases ? graph.concat([join(2), join(3)], 1) : undefined;
  return { input: join(0), recurrent: join(1), bias, hidden: directions[0]?.[1]?.shape[1] ?? 0 };
}

function missing(): never {
  throw mismatch('a recurrent layer lacks weights');
}

function runLayer(
  graph: TensorGraph,
  x: Tensor,
  layer: Layer,
  states: readonly Tensor[],
  { onnx, activation }: Kind,
): Tensor[] {
  const [length = 1, batch = 1] = x.shape;
  const directions = layer.input.shape[0] ?? 1;
  const { hidden } = layer;
  const state = { type: x.type, shape: [directions, batch, hidden] };
  const attributes = {
    hidden_size: hidden,
    direction: directions === 2 ? 'bidirectional' : 'forward',
    linear_before_reset: onnx === 'GRU' ? 1 : undefined,
    clip: onnx === 'GRU' ? clipOutOfReach : undefined,
    activations: activation && new Array<string>(directions).fill(activation),
  };
  const inputs = [x, layer.input, layer.recurrent, layer.bias, undefined, ...states];
  const results = [{ type: x.type, shape: [length, directions, batch, hidden] }, ...states.map(() => state)];
  const [sequence = missing(), ...ends] = graph.addMultiple(onnx, inputs, results, attributes);
  const joined = graph.reshape(graph.transpose(sequence, [0, 2, 1, 3]), [length, batch, directions * hidden]);
  return [joined, ...ends];
}

/** A network of several layers. Its results are the sequence and the states at its end. */
function run(graph: TensorGraph, call: Arguments, kind: Kind, states: readonly Tensor[]): Tensor[] {
  const parameters = call.tensors('params');
  const layers = call.integer('num_layers');
  const directions = call.flag('bidirectional') ? 2 : 1;
  const hasBiases = call.flag('has_biases');
  const each = directions * (hasBiases ? 4 : 2);
  if (call.flag('train') && call.number('dropout', 0) > 0)
    throw variant('training: call eval() before the model is saved');
  if (parameters.length !== layers * each) throw variant('projections, or weights that are missing');
  const batchFirst = call.flag('batch_first');
  const input = call.tensor('input');
  if (input.rank !== 3) throw variant('a sequence without a batch');
  let x = batchFirst ? graph.transpose(input, [1, 0, 2]) : input;
  const ends: Tensor[][] = states.map(() => []);
  for (let index = 0; index < layers; index++) {
    const layer = layerOf(graph, parameters.slice(index * each, (index + 1) * each), kind, hasBiases);
    const initial = states.map((state) => graph.slice(state, 0, index * directions, (index + 1) * directions));
    const [sequence = missing(), ...last] = runLayer(graph, x, layer, initial, kind);
    x = sequence;
    for (const [place, state] of last.entries()) ends[place]?.push(state);
  }
  const output = batchFirst ? graph.transpose(x, [1, 0, 2]) : x;
  return [output, ...ends.map((parts) => graph.concat(parts, 0))];
}

const order = 'params has_biases num_layers dropout train bidirectional batch_first';

function network(kind: Kind): Operator {
  return operator(`input hx ${order}`, (graph, call) => {
    if (call.value('params') instanceof Tensor) throw variant('packed sequences');
    return run(graph, call, kind, [call.tensor('hx')]);
  });
}

const lstm: Operator = operator(`input hx ${order}`, (graph, call) => {
  if (call.value('hx') instanceof Tensor) throw variant('packed sequences');
  return run(graph, call, kinds.lstm, call.tensors('hx'));
});

/** Parts of equal length along the last axis. */
function parts(graph: TensorGraph, x: Tensor, count: number): Tensor[] {
  const axis = x.rank - 1;
  const length = (x.shape[axis] ?? 0) / count;
  return Array.from({ length: count }, (_, index) => graph.slice(x, axis, index * length, (index + 1) * length));
}

const cellParameters = 'input hx w_ih w_hh b_ih b_hh';

const lstmCell: Operator = operator(cellParameters, (graph, call) => {
  const [hidden = missing(), cell = missing()] = call.tensors('hx');
  const gates = graph.binary(
    'Add',
    linear(graph, call.tensor('input'), call.tensor('w_ih'), call.optionalTensor('b_ih')),
    linear(graph, hidden, call.tensor('w_hh'), call.optionalTensor('b_hh')),
  );
  const [enter = missing(), forget = missing(), fresh = missing(), leave = missing()] = parts(graph, gates, 4);
  const kept = graph.binary('Mul', graph.unary('Sigmoid', forget), cell);
  const added = graph.binary('Mul', graph.unary('Sigmoid', enter), graph.unary('Tanh', fresh));
  const next = graph.binary('Add', kept, added);
  return [graph.binary('Mul', graph.unary('Sigmoid', leave), graph.unary('Tanh', next)), next];
});

const gruCell: Operator = operator(cellParameters, (graph, call) => {
  const hidden = call.tensor('hx');
  const ofInput = parts(
    graph,
    linear(graph, call.tensor('input'), call.tensor('w_ih'), call.optionalTensor('b_ih')),
    3,
  );
  const ofHidden = parts(graph, linear(graph, hidden, call.tensor('w_hh'), call.optionalTensor('b_hh')), 3);
  const [reset = missing(), update = missing()] = [0, 1].map((gate) =>
    graph.unary('Sigmoid', graph.binary('Add', ofInput[gate] ?? missing(), ofHidden[gate] ?? missing())),
  );
  const proposed = graph.binary('Add', ofInput[2] ?? missing(), graph.binary('Mul', reset, ofHidden[2] ?? missing()));
  const fresh = graph.unary('Tanh', proposed);
  return graph.binary('Add', fresh, graph.binary('Mul', update, graph.binary('Sub', hidden, fresh)));
});

export const recurrentOperators: Record<string, Operator> = {
  lstm,
  gru: network(kinds.gru),
  rnn_tanh: network(kinds.rnn_tanh),
  rnn_relu: network(kinds.rnn_relu),
  lstm_cell: lstmCell,
  gru_cell: gruCell,
};
