import { UnsupportedVariant } from '../unsupported.js';
import { unsupported } from './failure.js';
import { Tensor } from './tensor.js';
import { mismatch, type TensorGraph } from './tensor-graph.js';
import { describeKind, FloatNumber, itemsOf, numberOf, type PythonValue } from './values.js';

/** Converts one call of an operator: adds its nodes, and returns what the call returns. */
export type Convert = (graph: TensorGraph, call: Arguments) => PythonValue;

export interface Operator {
  /** The names of the parameters in their order. `dim|other` has two names, from different overloads. */
  readonly parameters: readonly string[];
  readonly convert: Convert;
}

/** An operator of the table: `operator('input weight bias', …)`. */
export function operator(parameters: string, convert: Convert): Operator {
  return { parameters: parameters.split(' '), convert };
}

/**
 * The arguments of one call, by the names of the parameters. An argument of the wrong kind is an `invalid-argument` error
 * that names the parameter. One that is None or left out has its default.
 */
export class Arguments {
  readonly #graph: TensorGraph;
  readonly #values = new Map<string, PythonValue>();

  constructor(
    graph: TensorGraph,
    parameters: readonly string[],
    positional: readonly PythonValue[],
    named: Iterable<readonly [string, PythonValue]>,
  ) {
    this.#graph = graph;
    for (const [index, value] of positional.entries()) {
      for (const name of parameters[index]?.split('|') ?? []) this.#values.set(name, value);
    }
    for (const [name, value] of named) {
      const parameter = parameters.find((names) => names.split('|').includes(name)) ?? name;
      for (const alias of parameter.split('|')) this.#values.set(alias, value);
    }
  }

  value(name: string): PythonValue {
    return this.#values.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.value(name) !== null;
  }

  /** A tensor. A number becomes one without axes. */
  tensor(name: string): Tensor {
    return this.optionalTensor(name) ?? this.#fail(name, 'a tensor');
  }

  optionalTensor(name: string): Tensor | undefined {
    const value = this.value(name);
    if (value === null) return undefined;
    if (value instanceof Tensor) return value;
    return numberTensor(this.#graph, value) ?? this.#fail(name, 'a tensor');
  }

  tensors(name: string): Tensor[] {
    const items = itemsOf(this.value(name));
    if (!items?.every((item) => item instanceof Tensor)) return this.#fail(name, 'a list of tensors');
    return items;
  }

  integer(name: string, byDefault?: number): number {
    const number = this.number(name, byDefault);
    return Number.isInteger(number) ? number : this.#fail(name, 'an integer');
  }

  number(name: string, byDefault?: number): number {
    const value = this.value(name);
    if (value === null && byDefault !== undefined) return byDefault;
    return concreteNumber(this.#graph, value) ?? this.#fail(name, 'a number');
  }

  /** A list of integers; one integer is a list too. */
  integers(name: string, byDefault?: readonly number[]): number[] {
    const value = this.value(name);
    if (value === null && byDefault) return [...byDefault];
    const items = itemsOf(value) ?? [value];
    return items.map((item) => concreteNumber(this.#graph, item) ?? this.#fail(name, 'a list of integers'));
  }

  flag(name: string, byDefault = false): boolean {
    const value = this.value(name);
    if (value === null) return byDefault;
    return (concreteNumber(this.#graph, value) ?? this.#fail(name, 'a truth value')) !== 0;
  }

  text(name: string, byDefault = ''): string {
    const value = this.value(name);
    if (value === null) return byDefault;
    return typeof value === 'string' ? value : this.#fail(name, 'a string');
  }

  #fail(name: string, expected: string): never {
    throw mismatch(`the argument ${name} is ${describeKind(this.value(name))}, not ${expected}`);
  }
}

/** A number as a tensor without axes, of the type that PyTorch gives it; undefined for what is no number. */
export function numberTensor(graph: TensorGraph, value: PythonValue): Tensor | undefined {
  const number = numberOf(value);
  if (number === undefined) return undefined;
  if (typeof value === 'boolean') return graph.scalar('bool', number);
  return graph.scalar(value instanceof FloatNumber ? 'float32' : 'int64', number);
}

/**
 * The number that a value is: of a tensor, the only one that it has.
 *
 * @throws {WasiNNError} `unsupported-operation` for a tensor that is computed
 */
export function concreteNumber(graph: TensorGraph, value: PythonValue): number | undefined {
  if (!(value instanceof Tensor)) return numberOf(value);
  const numbers = value.size === 1 ? graph.knownNumbers(value) : undefined;
  if (!numbers) {
    throw unsupported(
      "it decides by a tensor's value, in a branch, a loop or a shape: such models have no fixed graph",
    );
  }
  return numbers[0];
}

/** The operator is known, and this use of it is not. */
export function variant(reason: string): UnsupportedVariant {
  return new UnsupportedVariant(reason);
}
