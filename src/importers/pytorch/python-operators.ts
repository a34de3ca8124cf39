import { excessive, invalid } from './failure.js';
import { concreteNumber } from './operator.js';
import { mismatch, type TensorGraph } from './tensor-graph.js';
import { describeKind, FloatNumber, itemsOf, numberOf, type PythonValue } from './values.js';

/** Computes at once what a call gives. */
export type PythonOperator = (graph: TensorGraph, values: readonly PythonValue[]) => PythonValue;

/** Of a list or a string that a program makes. */
const maximumLength = 100_000;

/** An operator of numbers. The result is a float where an operand is. */
function arithmetic(compute: (left: number, right: number) => number): PythonOperator {
  return (_, [left, right]) => {
    const [one, other] = [numberOf(left), numberOf(right)];
    if (one === undefined || other === undefined) {
      throw invalid(`its code computes with ${describeKind(left)} and ${describeKind(right)}`);
    }
    const result = compute(one, other);
    return left instanceof FloatNumber || right instanceof FloatNumber ? new FloatNumber(result) : result;
  };
}

function comparison(compare: (left: number, right: number) => boolean): PythonOperator {
  return (_, [left, right]) => compare(numberOf(left) ?? Number.NaN, numberOf(right) ?? Number.NaN);
}

/** A function of one number. Its result is an integer, a float, or what the operand is. */
function numeric(compute: (value: number) => number, result: 'int' | 'float' | 'same'): PythonOperator {
  return (_, [value]) => {
    const number = numberOf(value);
    if (number === undefined) throw invalid(`its code computes with ${describeKind(value)}`);
    const isFloat = result === 'float' || (result === 'same' && value instanceof FloatNumber);
    return isFloat ? new FloatNumber(compute(number)) : compute(number);
  };
}

function listOf(value: PythonValue): PythonValue[] {
  const items = itemsOf(value);
  if (!items) throw invalid(`its code takes ${describeKind(value)} for a list`);
  return items;
}

function checkLength(length: number): number {
  if (length > maximumLength) throw excessive(`makes a list or string of ${length} elements`);
  return length;
}

const add: PythonOperator = (graph, values) => {
  const [left, right] = values;
  if (typeof left === 'string' && typeof right === 'string') {
    checkLength(left.length + right.length);
    return left + right;
  }
  if (!itemsOf(left)) return arithmetic((one, other) => one + other)(graph, values);
  const joined = [...listOf(left), ...listOf(right)];
  checkLength(joined.length);
  return joined;
};

const multiply: PythonOperator = (graph, values) => {
  const [left, right] = values;
  if (!itemsOf(left)) return arithmetic((one, other) => one * other)(graph, values);
  const items = listOf(left);
  const times = numberOf(right) ?? 0;
  checkLength(items.length * Math.max(times, 0));
  return Array.from({ length: Math.max(times, 0) }, () => items).flat();
};

const getItem: PythonOperator = (graph, [list, index]) => {
  if (list instanceof Map) {
    for (const [key, value] of list) if (isEqual(key, index)) return value;
    throw invalid('its code reads what a dictionary does not have');
  }
  const items = listOf(list);
  const at = concreteNumber(graph, index) ?? Number.NaN;
  const item = items.at(at);
  if (item === undefined || at >= items.length || at < -items.length) {
    throw mismatch(`its code reads element ${at} of a list of ${items.length}`);
  }
  return item;
};

const setItem: PythonOperator = (_, [list, index, value]) => {
  const at = numberOf(index);
  if (list instanceof Map) list.set(index, value);
  else if (Array.isArray(list) && at !== undefined && at < list.length && at >= -list.length) {
    list[at < 0 ? at + list.length : at] = value;
  } else throw invalid(`its code sets an element of ${describeKind(list)}`);
  return null;
};

const slice: PythonOperator = (_, [list, start, end, step]) => {
  const stride = numberOf(step ?? 1) ?? 1;
  const items = typeof list === 'string' ? [...list] : listOf(list);
  const cut = items
    .slice(numberOf(start ?? 0), numberOf(end ?? maximumLength))
    .filter((_, index) => index % stride === 0);
  return typeof list === 'string' ? cut.join('') : cut;
};

const append: PythonOperator = (_, [list, value]) => {
  if (!Array.isArray(list)) throw invalid(`its code appends to ${describeKind(list)}`);
  checkLength(list.push(value));
  return list;
};

const range: PythonOperator = (graph, values) => {
  const numbers = values.map((value) => concreteNumber(graph, value) ?? 0);
  const [start = 0, end = 0, step = 1] = numbers.length === 1 ? [0, ...numbers] : numbers;
  const length = checkLength(Math.max(0, Math.ceil((end - start) / step)));
  return Array.from({ length }, (_, index) => start + index * step);
};

function isEqual(left: PythonValue, right: PythonValue): boolean {
  const [items, others] = [itemsOf(left), itemsOf(right)];
  if (items && others)
    return items.length === others.length && items.every((item, index) => isEqual(item, others[index]));
  const [one, other] = [numberOf(left), numberOf(right)];
  return one === undefined || other === undefined ? left === right : one === other;
}

const isSame: PythonOperator = (_, [left, right]) => left === right;

const contains: PythonOperator = (_, [container, value]) => {
  const items = container instanceof Map ? [...container.keys()] : listOf(container);
  return items.some((item) => isEqual(item, value));
};

const extremum =
  (choose: (...values: number[]) => number): PythonOperator =>
  (graph, values) => {
    const [first, second] = values;
    if (second !== undefined) return arithmetic(choose)(graph, values);
    const items = listOf(first);
    const result = choose(...items.map((item) => numberOf(item) ?? Number.NaN));
    return items.some((item) => item instanceof FloatNumber) ? new FloatNumber(result) : result;
  };

const format: PythonOperator = (_, [template, ...values]) => {
  const waiting = values.slice(0, 20).map(show);
  return String(template)
    .slice(0, 1000)
    .replaceAll('{}', () => (waiting.shift() ?? '').slice(0, 1000));
};

function show(value: PythonValue): string {
  const number = numberOf(value);
  if (number !== undefined || typeof value === 'string') return String(number ?? value);
  const items = itemsOf(value);
  return items
    ? `[${items
        .slice(0, 20)
        .map((item) => numberOf(item) ?? '…')
        .join(', ')}]`
    : describeKind(value);
}

const length: PythonOperator = (_, [value]) =>
  value instanceof Map ? value.size : typeof value === 'string' ? value.length : listOf(value).length;

const raise: PythonOperator = (_, [message]) => {
  throw mismatch(`the model itself refuses them: ${show(message).slice(0, 300)}`);
};

function map(value: PythonValue): Map<PythonValue, PythonValue> {
  if (!(value instanceof Map)) throw invalid(`its code takes ${describeKind(value)} for a dictionary`);
  return value;
}

function pairOf(value: PythonValue): [key: PythonValue, value: PythonValue] {
  const [key, content] = listOf(value);
  return [key, content];
}

const nothing: PythonOperator = () => null;
const no: PythonOperator = () => false;
const first: PythonOperator = (_, [value]) => value;

const divide: PythonOperator = (_, [left, right]) =>
  new FloatNumber((numberOf(left) ?? Number.NaN) / (numberOf(right) ?? Number.NaN));
const floorDivide = arithmetic((left, right) => Math.floor(left / right));
const remainder = arithmetic((left, right) => left - right * Math.floor(left / right));

type PythonOperators = Readonly<Record<string, PythonOperator>>;

/** Tensors have operators of the same names. */
const alsoOfTensors: PythonOperators = {
  add,
  add_: add,
  sub: arithmetic((left, right) => left - right),
  mul: multiply,
  div: divide,
  floor_divide: floorDivide,
  remainder,
  pow: arithmetic((left, right) => left ** right),
  neg: numeric((value) => -value, 'same'),
  eq: (_, [left, right]) => isEqual(left, right),
  ne: (_, [left, right]) => !isEqual(left, right),
  lt: comparison((left, right) => left < right),
  le: comparison((left, right) => left <= right),
  gt: comparison((left, right) => left > right),
  ge: comparison((left, right) => left >= right),
  __and__: (_, [left, right]) => Boolean(left) && Boolean(right),
  __or__: (_, [left, right]) => Boolean(left) || Boolean(right),
  __getitem__: getItem,
  slice,
  len: length,
  copy: (_, [value]) => [...listOf(value)],
  sqrt: numeric(Math.sqrt, 'float'),
  exp: numeric(Math.exp, 'float'),
  log: numeric(Math.log, 'float'),
  ceil: numeric(Math.ceil, 'int'),
  floor: numeric(Math.floor, 'int'),
  sum: (graph, [list]) => listOf(list).reduce((sum, value) => add(graph, [sum, value]), 0),
  any: (_, [list]) => listOf(list).some((value) => numberOf(value) !== 0),
  all: (_, [list]) => listOf(list).every((value) => numberOf(value) !== 0),
  'prim.NumToTensor': first,
};

/** Tensors have no operators of these names. */
const onlyOfPython: PythonOperators = {
  truediv: divide,
  floordiv: floorDivide,
  mod: remainder,
  __is__: isSame,
  __isnot__: (_, [left, right]) => left !== right,
  __not__: (graph, [value]) => concreteNumber(graph, value) === 0,
  __contains__: contains,
  _set_item: setItem,
  append,
  list: (_, [value]) => [...listOf(value)],
  extend: (_, [list, more]) => listOf(more).map((value) => append(_, [list, value])),
  insert: (_, [list, at, value]) => listOf(list).splice(numberOf(at) ?? 0, 0, value),
  pop: (_, [list, at]) => listOf(list).splice(numberOf(at ?? -1) ?? -1, 1)[0],
  reverse: (_, [list]) => listOf(list).reverse(),
  keys: (_, [value]) => [...map(value).keys()],
  values: (_, [value]) => [...map(value).values()],
  items: (_, [value]) => [...map(value)].map((entry) => [...entry]),
  dict: (_, [pairs]) => new Map(listOf(pairs ?? []).map(pairOf)),
  format,
  str: (_, [value]) => show(value),
  warn: nothing,
  _assert: nothing,
  _assert_async: nothing,
  _assert_scalar: nothing,
  _assert_tensor_metadata: nothing,
  sym_constrain_range_for_size: nothing,
  is_autocast_enabled: no,
  is_grad_enabled: no,
  'prim.type': first,
  device: first,
  Int: numeric(Math.trunc, 'int'),
  Float: numeric((value) => value, 'float'),
  Bool: (_, [value]) => numberOf(value) !== 0,
  __range_length: (graph, values) => listOf(range(graph, values)).length,
  __derive_index: (_, [index, start, step]) => (numberOf(start) ?? 0) + (numberOf(index) ?? 0) * (numberOf(step) ?? 1),
  'prim.range': range,
  'prim.min': extremum(Math.min),
  'prim.max': extremum(Math.max),
  'prim.abs': numeric(Math.abs, 'same'),
  'prim.RaiseException': raise,
  'prim.unchecked_unwrap_optional': first,
};

/** Operators of numbers, strings, lists and dictionaries. */
export const pythonOperators: ReadonlyMap<string, PythonOperator> = new Map(
  Object.entries({ ...alsoOfTensors, ...onlyOfPython }),
);

/** Whether no operator of tensors has the name. */
export function isOnlyOfPython(name: string): boolean {
  return Object.hasOwn(onlyOfPython, name);
}
