import {
  field,
  graphAttribute,
  graph as graphOf,
  INT64,
  int,
  integerAttribute,
  listAttribute,
  model,
  node,
  tensor,
  textAttribute,
  value,
} from '../src/backends/onnx/model.fixture.js';
import { mutations } from '../src/importers/mutations.fixture.js';
import { joinBytes } from '../src/standard/join-bytes.js';
import { createRandomBelow } from '../src/standard/random.fixture.js';
import type { OperatorCase } from './operator-cases.js';

/** ONNX models that do harm, or try to: each takes `x`, six numbers of the shape [1, 2, 3]. */

export interface HostileModel {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Whole numbers from 0 up to (not including) a bound. */
type Random = (bound: number) => number;

const shape = [1, 2, 3];

const longs = (...values: readonly (number | bigint)[]) => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);

const long = (name: string, ...values: readonly (number | bigint)[]) =>
  tensor({ name, dims: [values.length], type: INT64, raw: longs(...values) });

/** A model of one operator, whose parameter is computed from a constant, so that only onnxruntime knows it. */
function withHidden(operator: string, values: readonly (number | bigint)[], attributes: readonly Uint8Array[] = []) {
  const halves = values.map((value) => BigInt(value) / 2n);
  return model({
    nodes: [node('Add', ['p', 'p'], ['q']), node(operator, ['x', 'q'], ['y'], { attributes })],
    initializers: [long('p', ...halves)],
    inputs: [value('x', shape)],
    outputs: [value('y', ['a', 'b', 'c'])],
  });
}

/** Pads the three axes, before them and then behind them. */
export function padded(mode: string, lengths: readonly (number | bigint)[]): Uint8Array {
  return withHidden('Pad', lengths, [textAttribute('mode', mode)]);
}

/**
 * Splits an axis in two parts of different lengths, at which onnxruntime aborts with WebNN. The table of distrusted operators
 * has that, but the model does not say how long the axis is behind another operator.
 *
 * @param length an odd number
 */
export function splitUnevenly(length: number): Uint8Array {
  const half = (length - 1) / 2;
  const split = graphOf({
    nodes: [
      node('Relu', ['x'], ['positive']),
      node('Split', ['positive'], ['y', 'rest'], {
        attributes: [integerAttribute('num_outputs', 2), integerAttribute('axis', 2)],
      }),
    ],
    inputs: [value('x', [1, 2, length])],
    outputs: [value('y', [1, 2, half + 1]), value('rest', [1, 2, half])],
  });
  // Before version 18 of the operators, all parts are even.
  return joinBytes([int(1, 8), field(7, split), field(8, joinBytes([field(1, ''), int(2, 18)]))]);
}

const kinds: readonly ((random: Random) => HostileModel)[] = [
  (random) => {
    const mode = ['constant', 'edge', 'reflect', 'wrap'][random(4)] ?? '';
    const lengths = Array.from({ length: 6 }, () => 2n ** BigInt(random(44)));
    return { name: `pads ${mode} ${lengths}`, bytes: padded(mode, lengths) };
  },
  (random) => {
    const pads = Array.from({ length: 2 }, () => 2n ** BigInt(random(62)));
    const attributes = [listAttribute('kernel_shape', 3), listAttribute('pads', ...pads)];
    const operator = ['MaxPool', 'AveragePool', 'LpPool'][random(3)] ?? '';
    const nodes = [node(operator, ['x'], ['y'], { attributes })];
    const bytes = model({ nodes, inputs: [value('x', shape)], outputs: [value('y', ['a', 'b', 'c'])] });
    return { name: `${operator} with pads ${pads}`, bytes };
  },
  (random) => {
    const lengths = Array.from({ length: 3 }, () => 2n ** BigInt(random(41)));
    const operator = ['Expand', 'Tile', 'Reshape'][random(3)] ?? '';
    return { name: `${operator} to ${lengths}`, bytes: withHidden(operator, lengths) };
  },
  (random) => {
    const dims = Array.from({ length: 3 }, () => 2 ** random(41));
    const nodes = [node('Relu', ['x'], ['y'])];
    const bytes = model({ nodes, inputs: [value('x', dims)], outputs: [value('y', dims)] });
    return { name: `inputs of ${dims}`, bytes };
  },
  (random) => {
    const length = 3 + 2 * random(1000);
    return { name: `an uneven split of ${length}`, bytes: splitUnevenly(length) };
  },
  (random) => {
    const length = 2 + random(5);
    const names = Array.from({ length }, (_, index) => `n${index}`);
    const nodes = names.map((name, index) => node('Add', ['x', name], [names[(index + 1) % length] ?? '']));
    const outputs = [value('n0', shape)];
    return { name: `a cycle of ${length}`, bytes: model({ nodes, inputs: [value('x', shape)], outputs }) };
  },
];

/** y = x, after as many rounds as a number of 64 bits has, with what onnxruntime cannot leave out in each. */
function endlessLoop(): HostileModel {
  const body = graphOf({
    nodes: [node('Identity', ['go'], ['on']), node('Sin', ['state'], ['next'])],
    inputs: [value('round', [], INT64), value('go', [], 9), value('state', shape)],
    outputs: [value('on', [], 9), value('next', shape)],
  });
  const bytes = model({
    nodes: [node('Loop', ['rounds', '', 'x'], ['y'], { attributes: [graphAttribute('body', body)] })],
    initializers: [tensor({ name: 'rounds', dims: [], type: INT64, raw: longs(2n ** 62n) })],
    inputs: [value('x', shape)],
    outputs: [value('y', shape)],
  });
  return { name: 'an endless loop', bytes };
}

/** A valid model, damaged as another kind of files is. */
function damaged({ name, model: whole }: OperatorCase, random: Random): HostileModel {
  const kinds = ['cut', 'flipped', 'absurd counts', 'removed', 'repeated'] as const;
  const kind = kinds[random(kinds.length)] ?? 'cut';
  const parts = [Uint8Array.from(whole)];
  const [bytes = whole] = mutations[kind]?.(parts, random, parts) ?? [];
  return { name: `${name}, ${kind}`, bytes };
}

/**
 * Makes hostile models, the same for each seed: a few that compute until they are ended, valid ones that are damaged, and
 * those with absurd parameters.
 */
export function hostileModels(amount: number, cases: readonly OperatorCase[], seed = 1): HostileModel[] {
  const random = createRandomBelow(seed);
  return Array.from({ length: amount }, (_, index) => {
    const whole = index % 2 === 0 ? undefined : cases[random(cases.length)];
    if (whole) return damaged(whole, random);
    const make = index % 50 === 0 ? endlessLoop : kinds[random(kinds.length)];
    return (make ?? endlessLoop)(random);
  });
}

/**
 * The end of a network of the time of AlexNet: LRN, then a Gemm after each Dropout. Its matrices are not in the file, but made
 * while it is loaded.
 */
export function weightless(): Uint8Array {
  const lengths = [9216, 4096, 4096, 1000];
  const layers = [0, 1, 2].flatMap((layer) => [
    node('Dropout', [`r${layer}`], [`d${layer}`]),
    node('ConstantOfShape', [`s${layer}`], [`w${layer}`]),
    node('Gemm', [`d${layer}`, `w${layer}`], [`g${layer}`]),
    node('Relu', [`g${layer}`], [`r${layer + 1}`]),
  ]);
  const shapes = [0, 1, 2].map((layer) => long(`s${layer}`, lengths[layer] ?? 0, lengths[layer + 1] ?? 0));
  return model({
    nodes: [
      node('Reshape', ['x', 'planes'], ['p']),
      node('LRN', ['p'], ['n'], { attributes: [integerAttribute('size', 5)] }),
      node('Reshape', ['n', 'line'], ['l']),
      node('Tile', ['l', 'times'], ['r0']),
      ...layers,
    ],
    initializers: [long('planes', 1, 6, 1, 1), long('line', 1, 6), long('times', 1, 1536), ...shapes],
    inputs: [value('x', shape)],
    outputs: [value('r3', [1, 1000])],
  });
}
