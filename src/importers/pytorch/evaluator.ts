import type { Code } from './code.js';
import { excessive, invalid, unsupported } from './failure.js';
import type { OperatorCalls } from './operator-calls.js';
import { StoredTensor } from './stored-tensor.js';
import type { Expression, FunctionDefinition, Statement } from './syntax.js';
import { Tensor } from './tensor.js';
import {
  describeKind,
  FloatNumber,
  itemsOf,
  ModuleObject,
  NamedTuple,
  type PythonValue,
  Reference,
  UnknownValue,
  unknown,
} from './values.js';

type Environment = Map<string, PythonValue>;

/** The value of a `return` statement that has been carried out; undefined where none has been. */
type Returned = { readonly value: PythonValue } | undefined;

/** Of calls in one another. */
const maximumDepth = 100;

/** Of expressions and statements, each time that one is carried out. The largest models have some hundred thousand. */
const maximumSteps = 2_000_000;

/** Where a tensor of the archive becomes one of the graph. */
export type LoadTensor = (stored: StoredTensor) => Tensor;

/**
 * Carries out a TorchScript program with tensors that are values of an ONNX graph. All else (modules, numbers, lists,
 * strings) is concrete, so that branches, loops and calls are gone afterwards.
 */
export class Evaluator {
  readonly #code: Code;
  readonly #constants: readonly PythonValue[];
  readonly #operators: OperatorCalls;
  readonly #loadTensor: LoadTensor;
  /** The modules whose methods are being carried out. */
  readonly #modules: ModuleObject[] = [];
  /** Objects that the program has made itself, whose attributes it may set. */
  readonly #made = new Set<PythonValue>();
  #depth = 0;
  #steps = 0;

  constructor(code: Code, constants: readonly PythonValue[], operators: OperatorCalls, loadTensor: LoadTensor) {
    this.#code = code;
    this.#constants = constants;
    this.#operators = operators;
    this.#loadTensor = loadTensor;
  }

  /** @param values the arguments behind `self` */
  callMethod(module: ModuleObject, name: string, values: readonly PythonValue[]): PythonValue {
    const method = this.#code.class(module.className)?.methods.get(name);
    if (!method) throw invalid(`the class ${module.className} has no method ${name}`);
    this.#modules.push(module);
    const result = this.#callFunction(method, [module, ...values], []);
    this.#modules.pop();
    return result;
  }

  #callFunction(
    { name, parameters, body }: FunctionDefinition,
    positional: readonly PythonValue[],
    named: readonly (readonly [string, PythonValue])[],
  ): PythonValue {
    if (++this.#depth > maximumDepth) throw excessive(`has calls that nest deeper than ${maximumDepth}`);
    const environment: Environment = new Map(named);
    for (const [index, parameter] of parameters.entries()) {
      if (index < positional.length) environment.set(parameter.name, positional[index]);
      else if (!environment.has(parameter.name)) {
        if (!parameter.byDefault) throw invalid(`its function ${name} is called without ${parameter.name}`);
        environment.set(parameter.name, this.#evaluate(parameter.byDefault, environment));
      }
    }
    const returned = this.#run(body, environment);
    this.#depth--;
    return returned?.value ?? null;
  }

  #run(statements: readonly Statement[], environment: Environment): Returned {
    for (const statement of statements) {
      const returned = this.#runOne(statement, environment);
      if (returned) return returned;
    }
    return undefined;
  }

  #runOne(statement: Statement, environment: Environment): Returned {
    this.#step();
    switch (statement.kind) {
      case 'expression':
        this.#evaluate(statement.expression, environment);
        return undefined;
      case 'assignment':
        if (statement.value) this.#assign(statement.target, this.#evaluate(statement.value, environment), environment);
        return undefined;
      case 'return':
        return { value: this.#evaluate(statement.value, environment) };
      case 'if':
        return this.#runIf(statement, environment);
      case 'while':
        return this.#runWhile(statement, environment);
      case 'for':
        return this.#runFor(statement, environment);
      default:
        return undefined;
    }
  }

  #runIf(statement: Extract<Statement, { kind: 'if' }>, environment: Environment): Returned {
    const condition = this.#evaluate(statement.condition, environment);
    if (condition instanceof UnknownValue) {
      // Both branches may have operators that are not known.
      const returned = this.#run(statement.whenTrue, environment);
      return this.#run(statement.whenFalse, environment) ?? returned;
    }
    return this.#run(this.#truth(condition) ? statement.whenTrue : statement.whenFalse, environment);
  }

  #runWhile(statement: Extract<Statement, { kind: 'while' }>, environment: Environment): Returned {
    for (;;) {
      const condition = this.#evaluate(statement.condition, environment);
      const goOn = condition instanceof UnknownValue || this.#truth(condition);
      if (!goOn) return undefined;
      const returned = this.#run(statement.body, environment);
      if (returned || condition instanceof UnknownValue) return returned;
    }
  }

  #runFor(statement: Extract<Statement, { kind: 'for' }>, environment: Environment): Returned {
    const items = this.#evaluate(statement.items, environment);
    const list = items instanceof UnknownValue ? [unknown] : itemsOf(items);
    if (!list) throw invalid(`its code has a loop over ${describeKind(items)}`);
    for (const item of list) {
      environment.set(statement.target, item);
      const returned = this.#run(statement.body, environment);
      if (returned) return returned;
    }
    return undefined;
  }

  #assign(target: Expression, value: PythonValue, environment: Environment): void {
    if (target.kind === 'name') {
      environment.set(target.name, value);
    } else if (target.kind === 'list') {
      const items = value instanceof UnknownValue ? target.items.map(() => unknown) : itemsOf(value);
      if (items?.length !== target.items.length) {
        throw invalid(`its code unpacks ${describeKind(value)} into ${target.items.length} names`);
      }
      for (const [index, item] of target.items.entries()) this.#assign(item, items[index], environment);
    } else if (target.kind === 'attribute') {
      this.#setAttribute(this.#evaluate(target.object, environment), target.name, value);
    } else if (target.kind === 'subscript') {
      const index = this.#evaluate(target.index, environment);
      this.#call('_set_item', [this.#evaluate(target.object, environment), index, value], []);
    } else {
      throw invalid('its code assigns to what is no name');
    }
  }

  #setAttribute(object: PythonValue, name: string, value: PythonValue): void {
    if (!(object instanceof ModuleObject)) throw invalid(`its code sets ${name} of ${describeKind(object)}`);
    if (!this.#made.has(object)) {
      throw unsupported(`it keeps a state between computations: ${object.className} sets its attribute ${name}`);
    }
    object.attributes.set(name, value);
  }

  #evaluate(expression: Expression, environment: Environment): PythonValue {
    this.#step();
    switch (expression.kind) {
      case 'constant':
        return expression.value;
      case 'name': {
        const value = environment.get(expression.name);
        return value === undefined && !environment.has(expression.name) ? new Reference(expression.name) : value;
      }
      case 'list':
        return expression.items.map((item) => this.#evaluate(item, environment));
      case 'dictionary':
        return new Map(
          expression.entries.map(([key, value]) => [
            this.#evaluate(key, environment),
            this.#evaluate(value, environment),
          ]),
        );
      case 'attribute':
        return this.#attribute(this.#evaluate(expression.object, environment), expression.name);
      case 'subscript':
        return this.#subscript(expression, environment);
      case 'call':
        return this.#evaluateCall(expression, environment);
      case 'negative':
        return this.#call('neg', [this.#evaluate(expression.operand, environment)], []);
      case 'conditional': {
        const condition = this.#evaluate(expression.condition, environment);
        const chosen = condition instanceof UnknownValue || this.#truth(condition);
        return this.#evaluate(chosen ? expression.whenTrue : expression.whenFalse, environment);
      }
      default:
        throw invalid('its code has a range of indexes where a value should be');
    }
  }

  #attribute(object: PythonValue, name: string): PythonValue {
    if (object instanceof UnknownValue) return unknown;
    if (object instanceof Reference) return this.#named(`${object.path}.${name}`);
    if (object instanceof ModuleObject) return this.#moduleAttribute(object, name);
    const field = object instanceof NamedTuple ? object.fields.get(name) : undefined;
    if (field === undefined) throw invalid(`its code reads ${name} of ${describeKind(object)}`);
    return field;
  }

  #named(path: string): PythonValue {
    const [, index] = /^CONSTANTS\.c(\d+)$/.exec(path) ?? [];
    if (index === undefined) return new Reference(path);
    if (Number(index) >= this.#constants.length) throw invalid(`its code has no constant ${index}`);
    return this.#load(this.#constants[Number(index)]);
  }

  #moduleAttribute(object: ModuleObject, name: string): PythonValue {
    if (object.attributes.has(name)) return this.#load(object.attributes.get(name));
    const constant = this.#code.class(object.className)?.attributes.get(name);
    if (!constant) throw invalid(`the ${object.className} ${JSON.stringify(object.path)} has no attribute ${name}`);
    return this.#evaluate(constant, new Map());
  }

  /** What the archive has, with its tensors as those of the graph. */
  #load(value: PythonValue): PythonValue {
    if (value instanceof StoredTensor) return this.#loadTensor(value);
    if (!Array.isArray(value)) return value;
    this.#steps += value.length;
    this.#step();
    this.#enter();
    const items = value.map((item) => this.#load(item));
    this.#depth--;
    return items;
  }

  #subscript(expression: Extract<Expression, { kind: 'subscript' }>, environment: Environment): PythonValue {
    const object = this.#evaluate(expression.object, environment);
    // The parameters of a type, as in `List[int]`.
    if (object instanceof Reference) return object;
    if (expression.index.kind === 'slice') {
      const { start, end } = expression.index;
      const ends = [start, end].map((bound) => (bound ? this.#evaluate(bound, environment) : null));
      return this.#call('slice', [object, ...ends], []);
    }
    return this.#call('__getitem__', [object, this.#evaluate(expression.index, environment)], []);
  }

  #evaluateCall(expression: Extract<Expression, { kind: 'call' }>, environment: Environment): PythonValue {
    const { callee } = expression;
    if (callee.kind === 'attribute') {
      const object = this.#evaluate(callee.object, environment);
      if (object instanceof UnknownValue) return unknown;
      if (object instanceof ModuleObject) {
        return this.callMethod(object, callee.name, this.#positional(expression, environment));
      }
      if (object instanceof Reference) return this.#callNamed(`${object.path}.${callee.name}`, expression, environment);
      throw invalid(`its code calls ${callee.name} of ${describeKind(object)}`);
    }
    const target = this.#evaluate(callee, environment);
    if (!(target instanceof Reference)) throw invalid(`its code calls ${describeKind(target)}`);
    return this.#callNamed(target.path, expression, environment);
  }

  #callNamed(path: string, call: Extract<Expression, { kind: 'call' }>, environment: Environment): PythonValue {
    const builtin = this.#callBuiltin(path, call, environment);
    if (builtin !== undefined) return builtin;
    const positional = this.#positional(call, environment);
    const named = call.named.map(([name, value]) => [name, this.#evaluate(value, environment)] as const);
    if (path.startsWith('torch.')) return this.#call(path.slice('torch.'.length), positional, named);
    if (path.startsWith('ops.aten.')) return this.#call(path.slice('ops.aten.'.length), positional, named);
    if (path.startsWith('ops.')) return this.#call(path.slice('ops.'.length), positional, named);
    const definition = this.#code.function(path);
    if (definition) return this.#callFunction(definition, positional, named);
    const type = this.#code.class(path.replace(/\.__new__$/, ''));
    if (!type) return this.#call(path, positional, named);
    if (type.base === 'NamedTuple') {
      return new NamedTuple(
        new Map([...type.attributes.keys()].map((field, index) => [field, positional[index] ?? null])),
      );
    }
    const object = new ModuleObject(path.replace(/\.__new__$/, ''));
    this.#made.add(object);
    return object;
  }

  /** What Python has itself. Undefined for any other name. */
  #callBuiltin(
    name: string,
    { positional }: Extract<Expression, { kind: 'call' }>,
    environment: Environment,
  ): PythonValue {
    const [first, second] = positional;
    if (!first || name.includes('.')) return undefined;
    const value = (expression: Expression | undefined) => (expression ? this.#evaluate(expression, environment) : null);
    switch (name) {
      case 'annotate':
      case 'unchecked_cast':
        return value(second);
      case 'uninitialized':
        return null;
      case 'getattr':
        return this.#attribute(value(first), String(value(second)));
      case 'isinstance':
        return isInstance(value(first), value(second));
      case 'range':
        return this.#call('prim.range', positional.map(value), []);
      case 'int':
      case 'float':
      case 'bool':
        return this.#convert(name, value(first));
      default:
        return undefined;
    }
  }

  #convert(type: string, value: PythonValue): PythonValue {
    if (value instanceof UnknownValue) return unknown;
    const number = typeof value === 'string' ? Number(value) : this.#operators.concrete(value);
    if (number === undefined) throw invalid(`its code makes a number of ${describeKind(value)}`);
    if (type === 'bool') return number !== 0;
    return type === 'int' ? Math.trunc(number) : new FloatNumber(number);
  }

  #positional({ positional }: Extract<Expression, { kind: 'call' }>, environment: Environment): PythonValue[] {
    return positional.map((item) => this.#evaluate(item, environment));
  }

  #call(
    name: string,
    positional: readonly PythonValue[],
    named: readonly (readonly [string, PythonValue])[],
  ): PythonValue {
    return this.#operators.call(name, positional, named, this.#modules.at(-1)?.path ?? '');
  }

  #truth(value: PythonValue): boolean {
    const number = this.#operators.concrete(value);
    if (number === undefined) throw invalid(`its code branches on ${describeKind(value)}`);
    return number !== 0;
  }

  #enter(): void {
    if (++this.#depth > maximumDepth) throw excessive(`has values that nest deeper than ${maximumDepth}`);
  }

  #step(): void {
    if (++this.#steps > maximumSteps) throw excessive(`has a program of more than ${maximumSteps} steps`);
  }
}

function isInstance(value: PythonValue, type: PythonValue): boolean {
  if (Array.isArray(type)) return type.some((item) => isInstance(value, item));
  const name = type instanceof Reference ? type.path : '';
  if (value instanceof Tensor) return name === 'Tensor';
  if (value instanceof FloatNumber) return name === 'float';
  if (value instanceof ModuleObject) return value.className === name;
  if (Array.isArray(value)) return name === 'List' || name === 'Tuple';
  if (value instanceof Map) return name === 'Dict';
  if (value === null) return name === 'NoneType';
  return { number: 'int', string: 'str', boolean: 'bool' }[String(typeof value)] === name;
}
