import type { ElementType } from '../onnx/element-types.js';
import { invalid, unsupported } from './failure.js';
import { array, integer, type JsonObject, object, text } from './json.js';
import { FloatNumber, type PythonValue, scalarTypeCode } from './values.js';

/** The types by the numbers that the schema of exported programs gives them, which differ from PyTorch's own. */
const types: ReadonlyMap<number, ElementType> = new Map([
  [1, 'uint8'],
  [2, 'int8'],
  [3, 'int16'],
  [4, 'int32'],
  [5, 'int64'],
  [6, 'float16'],
  [7, 'float32'],
  [8, 'float64'],
  [12, 'bool'],
  [13, 'bfloat16'],
]);

export function serializedType(code: number): ElementType {
  const type = types.get(code);
  if (!type) throw unsupported(`it has tensors of the type ${code}, which is complex or quantised`);
  return type;
}

/** One argument: an object with one entry, whose key says what the value is. */
export function readArgument(argument: JsonObject, environment: ReadonlyMap<string, PythonValue>): PythonValue {
  const [entry] = Object.entries(argument);
  if (!entry) throw invalid('its description has an argument without a value');
  const [kind, value] = entry;
  const read = readers.get(kind);
  if (!read) throw unsupported(`it has an argument of the kind ${JSON.stringify(kind.slice(0, 50))}`);
  return read(value, environment);
}

type Reader = (value: unknown, environment: ReadonlyMap<string, PythonValue>) => PythonValue;

const named: Reader = (value, environment) => {
  const name = text(object(value, 'an argument').name, 'the name of a tensor');
  if (!environment.has(name)) throw invalid(`its graph has no value ${JSON.stringify(name.slice(0, 100))}`);
  return environment.get(name);
};

/** A number, or the name of one. */
const symbolic: Reader = (value, environment) => {
  const entry = object(value, 'a symbol');
  if (entry.as_name !== undefined) return named({ name: entry.as_name }, environment);
  return entry.as_float === undefined ? scalar(Object.values(entry)[0]) : float(entry.as_float);
};

/** JSON has neither infinities nor NaN: they come as text. */
function float(value: unknown): FloatNumber {
  const number = typeof value === 'string' ? Number(value) : value;
  if (typeof number !== 'number') throw invalid('its description has something else than a number as an argument');
  return new FloatNumber(number);
}

function scalar(value: unknown): PythonValue {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string') return value;
  throw invalid('its description has something else than a number, a truth value or a string as an argument');
}

/** A list of what another reader reads. */
function listOf(read: Reader): Reader {
  return (value, environment) => array(value, 'a list of arguments').map((item) => read(item, environment));
}

const plain: Reader = (value) => scalar(value);
const nothing: Reader = () => null;

/** A tensor or nothing: not another optional one. */
const optional: Reader = (value, environment) => {
  const argument = object(value, 'an argument');
  const [kind] = Object.keys(argument);
  if (kind !== 'as_tensor' && kind !== 'as_none') {
    throw invalid('its description has something else than a tensor as an optional one');
  }
  return readArgument(argument, environment);
};

const readers: ReadonlyMap<string, Reader> = new Map([
  ['as_none', nothing],
  ['as_tensor', named],
  ['as_tensors', listOf(named)],
  ['as_nested_tensors', listOf(listOf(named))],
  ['as_optional_tensor', optional],
  ['as_optional_tensors', listOf(optional)],
  ['as_int', plain],
  ['as_ints', listOf(plain)],
  ['as_float', float],
  ['as_floats', listOf(float)],
  ['as_string', plain],
  ['as_strings', listOf(plain)],
  ['as_bool', plain],
  ['as_bools', listOf(plain)],
  ['as_sym_int', symbolic],
  ['as_sym_ints', listOf(symbolic)],
  ['as_sym_float', symbolic],
  ['as_sym_floats', listOf(symbolic)],
  ['as_sym_bool', symbolic],
  ['as_scalar_type', (value) => scalarTypeCode(computedType(integer(value, 'a type')))],
  ['as_memory_format', nothing],
  ['as_layout', nothing],
  ['as_device', () => 'cpu'],
]);

/** onnxruntime computes nothing in bfloat16. */
function computedType(code: number): ElementType {
  const type = serializedType(code);
  return type === 'bfloat16' ? 'float32' : type;
}
