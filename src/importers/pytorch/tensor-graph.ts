import { WasiNNError } from '../../standard/error.js';
import * as casts from '../onnx/casts.js';
import { constantOf, numbersOf } from '../onnx/constants.js';
import { codeOf, type ElementType, isFloat } from '../onnx/element-types.js';
import type { GraphBuilder, Value } from '../onnx/graph-builder.js';
import type { Attributes, Tensor as OnnxTensor } from '../onnx/model.js';
import * as operations from '../onnx/operations.js';
import { excessive } from './failure.js';
import { type Origin, Tensor } from './tensor.js';

/** Of one tensor that the program makes. A runtime that had to compute more would not get the memory in a page. */
const maximumElements = 2 ** 29;

/** Adds nodes to an ONNX graph, with tensors whose types and shapes are all known. */
export class TensorGraph {
  readonly builder: GraphBuilder;

  constructor(builder: GraphBuilder) {
    this.builder = builder;
  }

  /** A node with one result. */
  add(
    operator: string,
    inputs: readonly (Tensor | undefined)[],
    result: { readonly type: ElementType; readonly shape: readonly number[] },
    attributes?: Attributes,
  ): Tensor {
    this.#check(operator, result.shape);
    const values = inputs.map((input) => input?.value);
    const value = this.builder.add(operator, values, result, attributes && { attributes });
    return new Tensor(value, result.type, result.shape);
  }

  /** A node with several results. */
  addMultiple(
    operator: string,
    inputs: readonly (Tensor | undefined)[],
    results: readonly { readonly type: ElementType; readonly shape: readonly number[] }[],
    attributes?: Attributes,
  ): Tensor[] {
    for (const { shape } of results) this.#check(operator, shape);
    const values = this.builder.addMultiple(
      operator,
      inputs.map((input) => input?.value),
      results,
      attributes && { attributes },
    );
    return values.map((value, index) => {
      const { type, shape } = results[index] ?? { type: 'float32', shape: [] };
      return new Tensor(value, type, shape);
    });
  }

  /** The operator whose result is like its operand. */
  unary(operator: string, x: Tensor, attributes?: Attributes): Tensor {
    return this.add(operator, [x], x, attributes);
  }

  /** A constant of a few numbers. A scalar unless a shape is given. */
  numbers(type: ElementType, values: readonly number[], shape: readonly number[] = []): Tensor {
    return new Tensor(constantOf(this.builder, type, values, shape), type, shape);
  }

  scalar(type: ElementType, value: number): Tensor {
    return this.numbers(type, [value]);
  }

  /** A list of integers, as ONNX wants shapes and axes. */
  int64s(values: readonly number[]): Tensor {
    return this.numbers('int64', values, [values.length]);
  }

  constant(tensor: OnnxTensor): Tensor {
    return new Tensor(this.builder.constant(tensor), tensor.type, tensor.dims);
  }

  filled(type: ElementType, value: number, shape: readonly number[]): Tensor {
    this.#check('fill', shape);
    return new Tensor(operations.filled(this.builder, type, value, shape), type, shape);
  }

  cast(x: Tensor, type: ElementType): Tensor {
    if (x.type === type) return x;
    return this.#wrap(casts.cast(this.builder, x.value, type), type, x.shape);
  }

  /** @param shape with at most one -1, the length that is left over */
  reshape(x: Tensor, shape: readonly number[]): Tensor {
    const rest = shape.reduce((product, length) => (length === -1 ? product : product * length), 1);
    const result = shape.map((length) => (length === -1 ? x.size / rest : length));
    if (result.reduce((product, length) => product * length, 1) !== x.size) {
      throw mismatch(`a tensor of the shape [${x.shape}] cannot be reshaped to [${shape}]`);
    }
    if (result.join() === x.shape.join()) return new Tensor(x.value, x.type, result, x);
    return this.#wrap(operations.reshape(this.builder, x.value, result), x.type, result, x);
  }

  transpose(x: Tensor, axes: readonly number[]): Tensor {
    const shape = axes.map((axis) => x.shape[axis] ?? 1);
    return this.#wrap(operations.transpose(this.builder, x.value, axes), x.type, shape, x);
  }

  /** @param axes of the result, in ascending order */
  unsqueeze(x: Tensor, axes: readonly number[]): Tensor {
    const shape = [...x.shape];
    for (const axis of axes) shape.splice(axis, 0, 1);
    return this.reshape(x, shape);
  }

  concat(parts: readonly Tensor[], axis: number): Tensor {
    const [first] = parts;
    if (!first) throw mismatch('nothing is concatenated');
    const fits = (part: Tensor) =>
      part.rank === first.rank && part.shape.every((length, index) => index === axis || length === first.shape[index]);
    if (!parts.every(fits)) {
      throw mismatch(
        `tensors of the shapes ${parts.map(({ shape }) => `[${shape}]`).join(', ')} cannot be concatenated`,
      );
    }
    const total = parts.reduce((sum, part) => sum + (part.shape[axis] ?? 0), 0);
    const shape = first.shape.map((length, index) => (index === axis ? total : length));
    this.#check('concat', shape);
    const values = parts.map((part) => this.cast(part, first.type).value);
    return this.#wrap(operations.concat(this.builder, values, axis), first.type, shape);
  }

  /** Cuts a range out of one axis: start and end are within its length. */
  slice(x: Tensor, axis: number, start: number, end: number, step = 1): Tensor {
    const length = Math.max(0, Math.ceil((end - start) / step));
    const shape = x.shape.map((old, index) => (index === axis ? length : old));
    const replace = step === 1 ? (part: Tensor) => this.replaceRange(x, part, axis, start) : undefined;
    if (start === 0 && step === 1 && length === x.shape[axis]) return new Tensor(x.value, x.type, shape, x, replace);
    const ends = [[start], [end], [axis], [step]].map((value) => this.int64s(value));
    return this.#view(this.add('Slice', [x, ...ends], { type: x.type, shape }), x, replace);
  }

  /** The tensor with another range of an axis. */
  replaceRange(x: Tensor, part: Tensor, axis: number, start: number): Tensor {
    const length = x.shape[axis] ?? 0;
    const end = start + (part.shape[axis] ?? 0);
    const parts = [this.slice(x, axis, 0, start), part, this.slice(x, axis, end, length)];
    return this.concat(
      parts.filter(({ shape }) => shape[axis] !== 0),
      axis,
    );
  }

  /** One element of each range along an axis, which goes away. */
  select(x: Tensor, axis: number, index: number): Tensor {
    const shape = x.shape.filter((_, other) => other !== axis);
    const replace = (part: Tensor) => this.replaceRange(x, this.unsqueeze(part, [axis]), axis, index);
    const selected = this.add('Gather', [x, this.scalar('int64', index)], { type: x.type, shape }, { axis });
    return this.#view(selected, x, replace);
  }

  expand(x: Tensor, shape: readonly number[]): Tensor {
    if (shape.join() === x.shape.join()) return new Tensor(x.value, x.type, shape, x);
    if (broadcastShapes(x.shape, shape).join() !== shape.join()) {
      throw mismatch(`a tensor of the shape [${x.shape}] cannot be expanded to [${shape}]`);
    }
    return this.#view(this.add('Expand', [x, this.int64s(shape)], { type: x.type, shape }), x);
  }

  /** An operator of two operands of one type, which are broadcast. */
  binary(operator: string, left: Tensor, right: Tensor, type: ElementType = left.type): Tensor {
    return this.add(operator, [left, right], { type, shape: broadcastShapes(left.shape, right.shape) });
  }

  /** An arithmetic operator of a tensor and a number. */
  withNumber(operator: string, left: Tensor, right: number): Tensor {
    return this.binary(operator, left, this.scalar(left.type, right));
  }

  matmul(left: Tensor, right: Tensor): Tensor {
    if (left.rank === 1) return this.#withoutAxis(this.matmul(this.unsqueeze(left, [0]), right), -2);
    if (right.rank === 1) return this.#withoutAxis(this.matmul(left, this.unsqueeze(right, [1])), -1);
    if (left.rank < 2 || right.rank < 2 || left.shape.at(-1) !== right.shape.at(-2)) {
      throw mismatch(`matrices of the shapes [${left.shape}] and [${right.shape}] cannot be multiplied`);
    }
    const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
    const shape = [...batch, left.shape.at(-2) ?? 1, right.shape.at(-1) ?? 1];
    return this.add('MatMul', [left, right], { type: left.type, shape });
  }

  /** A reduction such as `ReduceMean`. */
  reduce(operator: string, x: Tensor, axes: readonly number[], keep: boolean): Tensor {
    const shape = x.shape.flatMap((length, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [length]));
    return this.add(operator, [x, this.int64s(axes)], { type: x.type, shape }, { keepdims: keep ? 1 : 0 });
  }

  /** The type as an attribute. */
  typeCode(type: ElementType): number {
    return codeOf(type);
  }

  /** The numbers of a constant of a few elements; undefined for what is computed. */
  knownNumbers(x: Tensor, most = 4096): number[] | undefined {
    return x.value.constant ? numbersOf(x.value, most) : undefined;
  }

  #withoutAxis(x: Tensor, axis: number): Tensor {
    return this.reshape(
      x,
      x.shape.filter((_, index) => index !== x.rank + axis),
    );
  }

  #view(result: Tensor, viewed: Tensor, replace?: Origin['replace']): Tensor {
    return new Tensor(result.value, result.type, result.shape, viewed, replace);
  }

  #wrap(value: Value, type: ElementType, shape: readonly number[], viewed?: Tensor): Tensor {
    return new Tensor(value, type, shape, viewed);
  }

  #check(operator: string, shape: readonly number[]): void {
    const count = shape.reduce((product, length) => product * length, 1);
    if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
      throw mismatch(`${operator} would give a tensor of the shape [${shape}]`);
    }
    if (!(count <= maximumElements)) throw excessive(`makes a tensor of the shape [${shape}]`);
  }
}

/** The inputs have shapes that the model cannot compute with, or its operators do not fit each other. */
export function mismatch(problem: string): WasiNNError {
  return new WasiNNError(
    'invalid-argument',
    `compute: the PyTorch model cannot compute with inputs of these shapes and types: ${problem}; give the inputs that ` +
      'the model was made for',
  );
}

export function broadcastShapes(left: readonly number[], right: readonly number[]): number[] {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, index) => {
    const one = left[index + left.length - rank] ?? 1;
    const other = right[index + right.length - rank] ?? 1;
    if (one === other || other === 1) return one;
    if (one === 1) return other;
    throw mismatch(`the shapes [${left}] and [${right}] do not broadcast`);
  });
}

/** An axis counted from the beginning. */
export function axisOf(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + Math.max(rank, 1) : axis;
  if (normal < 0 || normal >= Math.max(rank, 1)) throw mismatch(`a tensor of ${rank} axes has no axis ${axis}`);
  return normal;
}

/** The type that PyTorch makes of a number in a model. */
export function defaultFloat(type: ElementType): ElementType {
  return isFloat(type) ? type : 'float32';
}
