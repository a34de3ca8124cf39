import { cast } from '../../onnx/casts.js';
import type { Value } from '../../onnx/graph-builder.js';
import { type Attributes, float, floats } from '../../onnx/model.js';
import { concat, filled, split, squeeze, transpose, unsqueeze } from '../../onnx/operations.js';
import { isStatic } from '../../onnx/shapes.js';
import { clipOutOfReach } from '../../onnx/webnn-refusals.js';
import { UnsupportedVariant } from '../../unsupported.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const recurrent: Readonly<Record<string, Converter>> = {
  LSTMSequence: (layer) => sequence(layer, 'LSTM'),
  GRUSequence: (layer) => sequence(layer, 'GRU'),
  RNNSequence: (layer) => sequence(layer, 'RNN'),
  LSTMCell: (layer) => cell(layer, 'LSTM'),
  GRUCell: (layer) => cell(layer, 'GRU'),
  RNNCell: (layer) => cell(layer, 'RNN'),
};

type Kind = 'LSTM' | 'GRU' | 'RNN';

/** How many gates each kind has, and which of OpenVINO's gates stands where in ONNX. */
const gates = {
  // forget, input, cell, output: input, output, forget, cell
  LSTM: [1, 3, 0, 2],
  // update, reset, hidden: the same
  GRU: [0, 1, 2],
  RNN: [0],
} as const satisfies Record<Kind, readonly number[]>;

const defaultActivations = { LSTM: ['sigmoid', 'tanh', 'tanh'], GRU: ['sigmoid', 'tanh'], RNN: ['tanh'] } as const;

/** The functions that ONNX's operators know; onnxruntime knows them in any case. */
const activations: ReadonlyMap<string, string> = new Map([
  ['sigmoid', 'Sigmoid'],
  ['tanh', 'Tanh'],
  ['relu', 'Relu'],
  ['hardsigmoid', 'HardSigmoid'],
]);

/** Inputs: data [batch, sequence, input], states [batch, directions, hidden], lengths [batch], W, R, B. */
function sequence(layer: LayerContext, kind: Kind): Value[] {
  const { graph } = layer;
  const swap = (value: Value) => transpose(graph, value, [1, 0, 2]);
  const states = kind === 'LSTM' ? 2 : 1;
  const direction = layer.choice('direction', ['forward', 'reverse', 'bidirectional']);
  const lengths = cast(graph, layer.input(1 + states), 'int32');
  const weights = [0, 1].map((index) => reorder(layer, layer.input(2 + states + index), kind));
  const bias = biasOf(layer, layer.input(4 + states), kind);
  const initial = Array.from({ length: states }, (_, index) => swap(layer.input(1 + index)));
  const directions = direction === 'bidirectional' ? 2 : 1;
  const outputs = run(
    layer,
    kind,
    [swap(layer.input(0)), ...weights, bias, lengths, ...initial],
    direction,
    directions,
  );
  const [all, ...last] = outputs;
  if (!all) return [];
  // [sequence, directions, batch, hidden] to [batch, directions, sequence, hidden]
  return [transpose(graph, all, [2, 1, 0, 3]), ...last.map(swap)];
}

/** A sequence of one. Inputs: data [batch, input], states [batch, hidden], W, R, B. */
function cell(layer: LayerContext, kind: Kind): Value[] {
  const { graph } = layer;
  const first = (value: Value) => unsqueeze(graph, value, [0]);
  const states = kind === 'LSTM' ? 2 : 1;
  const initial = Array.from({ length: states }, (_, index) => first(layer.input(1 + index)));
  const [w, r, b] = [0, 1, 2].map((index) => first(layer.input(1 + states + index)));
  if (!w || !r || !b) return [];
  const weights = [reorder(layer, w, kind), reorder(layer, r, kind), biasOf(layer, b, kind)];
  const [, ...last] = run(layer, kind, [first(layer.input(0)), ...weights, undefined, ...initial], 'forward', 1);
  return last.map((value) => squeeze(graph, value, [0]));
}

function run(
  layer: LayerContext,
  kind: Kind,
  inputs: readonly (Value | undefined)[],
  direction: string,
  directions: number,
): Value[] {
  const { type } = layer.input(0);
  const resets = kind === 'GRU' && layer.flag('linear_before_reset', false);
  const clip = layer.number('clip', 0);
  const attributes: Attributes = {
    direction,
    hidden_size: layer.integer('hidden_size'),
    clip: clip > 0 && Number.isFinite(clip) ? float(clip) : resets ? clipOutOfReach : undefined,
    linear_before_reset: resets ? 1 : undefined,
    ...activationAttributes(layer, kind, directions),
  };
  const results = new Array(kind === 'LSTM' ? 3 : 2).fill({ type });
  return layer.graph.addMultiple(kind, inputs, results, { attributes });
}

function activationAttributes(layer: LayerContext, kind: Kind, directions: number): Attributes {
  const given = layer
    .text('activations', '')
    .split(',')
    .flatMap((name) => name.trim().toLowerCase() || []);
  const names = given.length > 0 ? given : [...defaultActivations[kind]];
  if (names.join() === defaultActivations[kind].join()) return {};
  const known = names.map((name) => {
    const operator = activations.get(name);
    if (!operator) throw new UnsupportedVariant(`activations ${JSON.stringify(name.slice(0, 50))}`);
    return operator;
  });
  const [alpha, beta] = [layer.numbers('activations_alpha', []), layer.numbers('activations_beta', [])];
  const each = <Item>(list: readonly Item[]) => Array.from({ length: directions }, () => list).flat();
  return {
    activations: each(known),
    activation_alpha: alpha.length > 0 ? floats(each(alpha)) : undefined,
    activation_beta: beta.length > 0 ? floats(each(beta)) : undefined,
  };
}

/** Puts the gates, which follow one another on the second axis, in ONNX's order. */
function reorder(layer: LayerContext, weights: Value, kind: Kind): Value {
  const order = gates[kind];
  const [, rows] = weights.shape ?? [];
  if (kind !== 'LSTM') return weights;
  if (typeof rows !== 'number') throw new UnsupportedVariant('the lengths of its weights are not fixed');
  const parts = split(
    layer.graph,
    weights,
    1,
    order.map(() => rows / order.length),
  );
  return concat(
    layer.graph,
    order.flatMap((index) => parts[index] ?? []),
    1,
  );
}

/** ONNX adds two biases. Only a GRU that resets after the product with its state has a part of its own in the second. */
function biasOf(layer: LayerContext, bias: Value, kind: Kind): Value {
  const { graph } = layer;
  const resets = kind === 'GRU' && layer.flag('linear_before_reset', false);
  if (!resets) {
    const ordered = reorder(layer, bias, kind);
    return concat(graph, [ordered, zerosLike(layer, ordered)], 1);
  }
  const [update, reset, hidden, recurrentHidden] = split(
    graph,
    bias,
    1,
    new Array(4).fill(layer.integer('hidden_size')),
  );
  if (!update || !reset || !hidden || !recurrentHidden) return bias;
  return concat(graph, [update, reset, hidden, zerosLike(layer, update), zerosLike(layer, reset), recurrentHidden], 1);
}

function zerosLike(layer: LayerContext, { type = 'float32', shape }: Value): Value {
  if (!isStatic(shape)) throw new UnsupportedVariant('the lengths of its bias are not fixed');
  return filled(layer.graph, type, 0, shape);
}
