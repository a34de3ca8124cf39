import { castLike, scalarLike } from '../../onnx/casts.js';
import { constantOf, numbersOf } from '../../onnx/constants.js';
import type { GraphBuilder, Value } from '../../onnx/graph-builder.js';
import { binary, unary } from '../../onnx/operations.js';
import { broadcast, isStatic } from '../../onnx/shapes.js';
import type { Converter, LayerContext } from '../layer-context.js';

export const quantization: Readonly<Record<string, Converter>> = { FakeQuantize: fakeQuantize };

/**
 * Cuts to the input's range, rounds to one of `levels` steps, and stretches these over the output's range:
 *
 *     round((clip(x) - inputLow) / inputStep) * outputStep + outputLow
 *
 * Steps are worked out beforehand, as OpenVINO does on the CPU: with their quotients rounded otherwise, numbers halfway
 * between two steps would go to the other one.
 */
function fakeQuantize(layer: LayerContext): Value {
  const { graph } = layer;
  const x = layer.input(0);
  const [inputLow, inputHigh, outputLow, outputHigh] = [1, 2, 3, 4].map((index) => layer.input(index));
  if (!inputLow || !inputHigh || !outputLow || !outputHigh) throw layer.invalid('lacks a range');
  const steps = layer.integer('levels') - 1;
  const clipped = binary(graph, 'Min', binary(graph, 'Max', x, inputLow), inputHigh);
  const scale = combine(
    graph,
    inputLow,
    inputHigh,
    (low, high) => (high === low ? 0 : steps / (high - low)),
    () => binary(graph, 'Div', scalarLike(graph, steps, x), binary(graph, 'Sub', inputHigh, inputLow)),
  );
  const step = combine(
    graph,
    outputLow,
    outputHigh,
    (low, high) => (high - low) / steps,
    () => binary(graph, 'Div', binary(graph, 'Sub', outputHigh, outputLow), scalarLike(graph, steps, x)),
  );
  const shift = combine(
    graph,
    inputLow,
    scale,
    (low, factor) => -low * factor,
    () => unary(graph, 'Neg', binary(graph, 'Mul', inputLow, scale)),
  );
  const level = unary(graph, 'Round', binary(graph, 'Add', binary(graph, 'Mul', clipped, scale), shift));
  return binary(graph, 'Add', binary(graph, 'Mul', level, step), outputLow);
}

/** Computes with constants at once where both have one shape or one number. */
function combine(
  graph: GraphBuilder,
  left: Value,
  right: Value,
  compute: (left: number, right: number) => number,
  atRunTime: () => Value,
): Value {
  const [a, b] = [numbersOf(left), numbersOf(right)];
  const dims = broadcast(left.shape, right.shape);
  if (!a || !b || !isStatic(dims)) return atRunTime();
  const count = Math.max(a.length, b.length);
  if ((a.length !== 1 && a.length !== count) || (b.length !== 1 && b.length !== count)) return atRunTime();
  if (dims.reduce((product, length) => product * length, 1) !== count) return atRunTime();
  const numbers = Array.from({ length: count }, (_, index) =>
    compute(a[a.length === 1 ? 0 : index] ?? 0, b[b.length === 1 ? 0 : index] ?? 0),
  );
  return castLike(graph, constantOf(graph, 'float32', numbers, dims), left);
}
