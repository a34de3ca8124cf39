import { type ElementType, isFloat } from '../onnx/element-types.js';
import type { Dimension } from '../onnx/model.js';
import { booleanAttribute, typeAttribute } from './attributes.js';
import { allKnown, type Folder, type Known, knownAt, numbers, numbersAt } from './known.js';

// The arithmetic that shapes are computed with.

/** The result of one element; NaN where there is none. */
type Compute = (left: number, right: number) => number;

const binary = (compute: Compute, answer?: ElementType): Folder => {
  return (operation) => {
    const [left, right] = allKnown(operation) ?? [];
    if (!left || !right) return undefined;
    // Other ways of broadcasting are not used for shapes.
    const [longer, shorter] = left.elements.length >= right.elements.length ? [left, right] : [right, left];
    if (shorter.elements.length !== 1 && shorter.dims.join() !== longer.dims.join()) return undefined;
    const at = ({ elements }: Known, index: number) => elements[elements.length === 1 ? 0 : index] ?? '?';
    const elements = longer.elements.map((_, index) => ofPair(compute, at(left, index), at(right, index), left.type));
    const dims = shorter.dims.length > longer.dims.length ? shorter.dims : longer.dims;
    return { type: answer ?? left.type, elements, dims };
  };
};

function ofPair(compute: Compute, left: Dimension, right: Dimension, type: ElementType): Dimension {
  if (typeof left === 'number' && typeof right === 'number') return rounded(compute(left, right), type);
  // A length that is not known stays what it is if it is multiplied by one, or if nothing is added to it.
  if (typeof right === 'number' && left !== '?' && compute(7, right) === 7 && compute(11, right) === 11) return left;
  if (typeof left === 'number' && right !== '?' && compute(left, 7) === 7 && compute(left, 11) === 11) return right;
  return '?';
}

const unary = (compute: (value: number) => number): Folder => {
  return (operation) => {
    const known = knownAt(operation, 0);
    const elements = known?.elements.map((element) =>
      typeof element === 'number' ? rounded(compute(element), known.type) : '?',
    );
    return known && elements && { ...known, elements };
  };
};

/** Reduces a whole vector. */
const reduction = (compute: Compute): Folder => {
  return (operation) => {
    const known = knownAt(operation, 0);
    const all = numbers(known?.elements);
    // A number without axes has none to reduce.
    if (known?.dims.length === 0) return known;
    if (!known || !all || all.length === 0 || known.dims.length !== 1 || numbersAt(operation, 1)?.length !== 1) {
      return undefined;
    }
    const dims = booleanAttribute(operation, 'keep_dims') ? [1] : [];
    const result = all.reduce((left, right) => compute(left, right));
    return { type: known.type, elements: [rounded(result, known.type)], dims };
  };
};

/** Names of lengths stay the same in any type of integer. */
const castTo: Folder = (operation) => {
  const known = knownAt(operation, 0);
  const type = typeAttribute(operation, 'DstT');
  if (!known || !type) return undefined;
  const convert = (element: Dimension): Dimension => {
    if (typeof element === 'string') return isFloat(type) ? '?' : element;
    if (type === 'bool') return element === 0 ? 0 : 1;
    return rounded(isFloat(type) ? element : Math.trunc(element), type);
  };
  return { ...known, type, elements: known.elements.map(convert) };
};

const choose: Folder = (operation) => {
  const [condition, yes, no] = allKnown(operation) ?? [];
  const [isTrue] = condition?.elements ?? [];
  if (condition?.elements.length !== 1 || typeof isTrue !== 'number') return undefined;
  return yes?.dims.join() === no?.dims.join() ? (isTrue === 0 ? no : yes) : undefined;
};

/** The number that the type can hold; `?` for one that it cannot, whose overflow is left to onnxruntime. */
function rounded(value: number, type: ElementType): Dimension {
  if (isFloat(type)) return type === 'float32' && Number.isFinite(value) ? Math.fround(value) : '?';
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : '?';
}

const add = binary((left, right) => left + right);
const truth = (compute: (left: number, right: number) => boolean): Folder =>
  binary((left, right) => (compute(left, right) ? 1 : 0), 'bool');

export const arithmetic: Readonly<Record<string, Folder>> = {
  Add: add,
  AddV2: add,
  Cast: castTo,
  Ceil: unary(Math.ceil),
  Equal: truth((left, right) => left === right),
  Floor: unary(Math.floor),
  FloorDiv: binary((left, right) => Math.floor(left / right)),
  FloorMod: binary((left, right) => left - Math.floor(left / right) * right),
  Greater: truth((left, right) => left > right),
  GreaterEqual: truth((left, right) => left >= right),
  Less: truth((left, right) => left < right),
  LessEqual: truth((left, right) => left <= right),
  LogicalAnd: truth((left, right) => left !== 0 && right !== 0),
  LogicalNot: unary((value) => (value === 0 ? 1 : 0)),
  LogicalOr: truth((left, right) => left !== 0 || right !== 0),
  Max: reduction(Math.max),
  Maximum: binary(Math.max),
  Min: reduction(Math.min),
  Minimum: binary(Math.min),
  Mul: binary((left, right) => left * right),
  Neg: unary((value) => -value),
  NotEqual: truth((left, right) => left !== right),
  Prod: reduction((product, value) => product * value),
  RealDiv: binary((left, right) => left / right),
  Select: choose,
  SelectV2: choose,
  Sub: binary((left, right) => left - right),
  Sum: reduction((sum, value) => sum + value),
};
