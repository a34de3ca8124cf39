import { loadOperators, type OperatorTable } from '../operator-groups.js';
import { UnsupportedOperators, UnsupportedVariant } from '../unsupported.js';
import { excessive, invalid, unsupported } from './failure.js';
import { Arguments, concreteNumber, type Operator } from './operator.js';
import { operatorGroups } from './operators/index.js';
import { isOnlyOfPython, type PythonOperator, pythonOperators } from './python-operators.js';
import { Tensor } from './tensor.js';
import type { TensorGraph } from './tensor-graph.js';
import { type PythonValue, UnknownValue, unknown } from './values.js';

/** Of all lists and strings in the calls of one program, each time that one is handled. */
const maximumElements = 4_000_000;

/**
 * Fetches the operators of tensors that a program may call.
 *
 * @param names as programs call them: `relu_` works in place
 */
export function loadTensorOperators(names: Iterable<string>): Promise<OperatorTable<Operator>> {
  return loadOperators(operatorGroups, new Set([...names].filter((name) => !isOnlyOfPython(name)).map(outOfPlace)));
}

/** Carries out the calls of operators that a program makes. */
export class OperatorCalls {
  readonly #graph: TensorGraph;
  readonly #unsupported = new UnsupportedOperators('PyTorch');
  readonly #operators: OperatorTable<Operator>;
  #elements = 0;

  /** @param operators those of tensors, with all that the program calls */
  constructor(graph: TensorGraph, operators: OperatorTable<Operator>) {
    this.#graph = graph;
    this.#operators = operators;
  }

  /**
   * @param name as the table has it: `conv2d`, `torchvision.roi_align`
   * @param layer the module that makes the call, for error texts and the names of the nodes
   * @returns what is `unknown` for an operator that is not known
   */
  call(
    name: string,
    positional: readonly PythonValue[],
    named: readonly (readonly [string, PythonValue])[],
    layer: string,
  ): PythonValue {
    const values = [...positional, ...named.map(([, value]) => value)];
    const scalar = pythonOperators.get(name);
    const found = this.#operators.get(name) ?? this.#operators.get(outOfPlace(name));
    for (const value of values) this.#charge(value);
    if (!found && !scalar) this.#unsupported.add(displayName(name), layer);
    if (values.some((value) => value instanceof UnknownValue || (Array.isArray(value) && value.includes(unknown)))) {
      return unknown;
    }
    const result = this.#carryOut(
      name,
      scalar && !(found && takesTensors(values)) ? scalar : found,
      positional,
      named,
      layer,
    );
    this.#charge(result);
    return result;
  }

  #carryOut(
    name: string,
    found: PythonOperator | Operator | undefined,
    positional: readonly PythonValue[],
    named: readonly (readonly [string, PythonValue])[],
    layer: string,
  ): PythonValue {
    if (!found) return unknown;
    if (typeof found === 'function') return found(this.#graph, positional);
    return this.#convert(name, found, positional, named, layer);
  }

  /** Counts the elements of lists and strings that calls take and make, so that few steps do not take long. */
  #charge(value: PythonValue): void {
    if (typeof value === 'string' || Array.isArray(value)) this.#elements += value.length;
    if (this.#elements > maximumElements)
      throw excessive(`handles lists and strings of more than ${maximumElements} elements`);
  }

  /** The number that a value is; undefined for what is neither a number nor a tensor. */
  concrete(value: PythonValue): number | undefined {
    return concreteNumber(this.#graph, value);
  }

  /**
   * Carries out a program with all its calls.
   *
   * @throws {WasiNNError} `unsupported-operation` that names all operators that are not known, before any other error: what
   *   follows them may only be a consequence
   */
  collectUnsupported<Result>(run: () => Result): Result {
    try {
      return run();
    } finally {
      this.#unsupported.throwIfAny();
    }
  }

  #convert(
    name: string,
    { parameters, convert }: Operator,
    positional: readonly PythonValue[],
    named: readonly (readonly [string, PythonValue])[],
    layer: string,
  ): PythonValue {
    this.#graph.builder.layer = layer === '' ? name : `${layer}/${name}`;
    try {
      const result = convert(this.#graph, new Arguments(this.#graph, parameters, positional, named));
      return this.#operators.has(name) ? result : this.#writeInPlace(name, positional[0], result);
    } catch (cause) {
      if (!(cause instanceof UnsupportedVariant)) throw cause;
      this.#unsupported.add(displayName(name), layer, cause.message);
      return unknown;
    }
  }

  /** `relu_` computes what `relu` does, and writes it into its operand. */
  #writeInPlace(name: string, target: PythonValue, result: PythonValue): PythonValue {
    if (!(target instanceof Tensor) || !(result instanceof Tensor))
      throw invalid(`its code calls ${name} of no tensor`);
    if (target === result) return target;
    if (target.shape.join() !== result.shape.join()) {
      throw unsupported(
        `${name} changes the shape of its operand from [${target.shape}] to [${result.shape}] in place`,
      );
    }
    target.overwrite(this.#graph.cast(result, target.type));
    return target;
  }
}

/** Lists and dictionaries have operators of the same names as tensors, whatever is in them. */
function takesTensors(values: readonly PythonValue[]): boolean {
  const [first] = values;
  return !Array.isArray(first) && !(first instanceof Map) && values.some((value) => value instanceof Tensor);
}

/** Operators that end in one underscore work in place. */
function outOfPlace(name: string): string {
  return /[^_]_$/.test(name) ? name.slice(0, -1) : name;
}

/** As PyTorch names operators: `aten::conv2d`. */
function displayName(name: string): string {
  return name.includes('.') ? name.replace('.', '::') : `aten::${name}`;
}
