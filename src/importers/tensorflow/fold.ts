import type { Dimension } from '../onnx/model.js';
import { broadcast } from '../onnx/shapes.js';
import { integerAttribute, typeAttribute } from './attributes.js';
import { arithmetic } from './fold-arithmetic.js';
import { allKnown, type Folder, type Known, knownAt, mostElements, numbersAt, vector } from './known.js';
import type { Item, Operation } from './operation.js';
import { rangeIndexes, readSliceParts } from './slices.js';

// Computes shapes while the model is converted: models compute them from the lengths of their inputs, and operators need
// what can be known of them.

function shapeOf(operation: Operation, item: Item | undefined): Known | undefined {
  if (!item || 'kind' in item || !item.shape) return undefined;
  return vector(typeAttribute(operation, 'out_type') ?? 'int32', item.shape);
}

const shapesOf: Folder = (operation) => {
  const all = operation.inputs.map((item) => shapeOf(operation, item));
  const known = all.filter((shape) => shape !== undefined);
  return known.length === all.length ? known : undefined;
};

const rank: Folder = (operation) => {
  const shape = shapeOf(operation, operation.inputs[0]);
  return shape && { type: 'int32', elements: [shape.elements.length], dims: [] };
};

const size: Folder = (operation) => {
  const shape = shapeOf(operation, operation.inputs[0]);
  const count = shape?.elements.reduce<Dimension>(
    (product, length) => (typeof product === 'number' && typeof length === 'number' ? product * length : '?'),
    1,
  );
  return shape && count !== undefined ? { type: shape.type, elements: [count], dims: [] } : undefined;
};

const pack: Folder = (operation) => {
  // A vector of lengths of which none is known is no help.
  const items = operation.inputs.map((item, index) => knownAt(operation, index) ?? unknownScalar(item));
  const scalars = items.filter((item) => item?.dims.length === 0);
  const [first] = scalars;
  if (!first || scalars.length < items.length) return undefined;
  return vector(
    first.type,
    scalars.flatMap((item) => item?.elements ?? []),
  );
};

function unknownScalar(item: Item): Known | undefined {
  if ('kind' in item || item.shape?.length !== 0 || !item.type) return undefined;
  return { type: item.type, elements: ['?'], dims: [] };
}

const concat: Folder = (operation) => {
  const items = operation.inputs.slice(0, -1).map((item, index) => knownAt(operation, index) ?? unknownVector(item));
  const vectors = items.filter((item) => item?.dims.length === 1);
  const [first] = vectors;
  if (!first || vectors.length < items.length) return undefined;
  return vector(
    first.type,
    vectors.flatMap((item) => item?.elements ?? []),
  );
};

function unknownVector(item: Item): Known | undefined {
  if ('kind' in item || item.shape?.length !== 1 || !item.type) return undefined;
  const [length] = item.shape;
  if (typeof length !== 'number' || length > mostElements) return undefined;
  return vector(item.type, new Array<Dimension>(length).fill('?'));
}

const unpack: Folder = (operation) => {
  const known = knownAt(operation, 0);
  if (known?.dims.length !== 1 || integerAttribute(operation, 'num') !== known.elements.length) return undefined;
  return known.elements.map((element) => ({ type: known.type, elements: [element], dims: [] }));
};

const stridedSlice: Folder = (operation) => {
  const known = knownAt(operation, 0);
  const [begin, end, stride] = [1, 2, 3].map((index) => numbersAt(operation, index));
  if (known?.dims.length !== 1 || begin?.length !== 1 || end?.length !== 1 || stride?.length !== 1) return undefined;
  const [part] = readSliceParts(operation, 1);
  const [from = 0, to = 0, step = 1] = [begin[0], end[0], stride[0]];
  if (part?.kind === 'index') {
    const element = known.elements.at(from);
    return element === undefined ? undefined : { type: known.type, elements: [element], dims: [] };
  }
  const indexes = part?.kind === 'range' ? rangeIndexes(known.elements.length, part, from, to, step) : undefined;
  return (
    indexes &&
    vector(
      known.type,
      indexes.map((index) => known.elements[index] ?? '?'),
    )
  );
};

const slice: Folder = (operation) => {
  const known = knownAt(operation, 0);
  const [begin, length] = [numbersAt(operation, 1), numbersAt(operation, 2)];
  if (known?.dims.length !== 1 || begin?.length !== 1 || length?.length !== 1) return undefined;
  const [from = 0, count = 0] = [begin[0], length[0]];
  return vector(known.type, known.elements.slice(from, count === -1 ? undefined : from + count));
};

const gather: Folder = (operation) => {
  const known = knownAt(operation, 0);
  const indexes = knownAt(operation, 1);
  if (known?.dims.length !== 1 || !indexes) return undefined;
  const elements = indexes.elements.map((index) =>
    typeof index === 'number' && index >= 0 ? (known.elements[index] ?? '?') : '?',
  );
  return { type: known.type, elements, dims: indexes.dims };
};

const expandDims: Folder = (operation) => {
  const known = knownAt(operation, 0);
  return known?.elements.length === 1 ? { ...known, dims: [...known.dims, 1] } : undefined;
};

const squeeze: Folder = (operation) => {
  const known = knownAt(operation, 0);
  return known?.dims.length === 1 && known.elements.length === 1 ? { ...known, dims: [] } : undefined;
};

const reshape: Folder = (operation) => {
  const known = knownAt(operation, 0);
  const shape = numbersAt(operation, 1);
  if (!known || !shape || shape.length > 1) return undefined;
  return { ...known, dims: shape.length === 0 ? [] : [known.elements.length] };
};

const range: Folder = (operation) => {
  const [start, limit, delta] = [0, 1, 2].map((index) => numbersAt(operation, index)?.[0]);
  const type = knownAt(operation, 0)?.type;
  if (start === undefined || limit === undefined || !delta || !type || !type.startsWith('int')) return undefined;
  const count = Math.max(Math.ceil((limit - start) / delta), 0);
  if (count > mostElements) return undefined;
  return vector(
    type,
    Array.from({ length: count }, (_, index) => start + index * delta),
  );
};

const fill: Folder = (operation) => {
  const dims = numbersAt(operation, 0);
  const [element] = knownAt(operation, 1)?.elements ?? [];
  const type = knownAt(operation, 1)?.type;
  const count = dims?.reduce((product, length) => product * length, 1) ?? Number.POSITIVE_INFINITY;
  if (!dims || element === undefined || !type || !(count >= 0 && count <= mostElements)) return undefined;
  return { type, elements: new Array<Dimension>(count).fill(element), dims };
};

/** The shape that two shapes broadcast to. */
const broadcastShapes: Folder = (operation) => {
  const [left, right] = allKnown(operation) ?? [];
  if (!left || !right) return undefined;
  return vector(left.type, broadcast(left.elements, right.elements) ?? []);
};

const invertPermutation: Folder = (operation) => {
  const perm = numbersAt(operation, 0);
  return (
    perm &&
    vector(
      'int32',
      perm.map((_, axis) => perm.indexOf(axis)),
    )
  );
};

/** The operators that shapes are computed with. */
export const folders: ReadonlyMap<string, Folder> = new Map(
  Object.entries({
    ...arithmetic,
    BroadcastArgs: broadcastShapes,
    ConcatV2: concat,
    ExpandDims: expandDims,
    Fill: fill,
    GatherV2: gather,
    InvertPermutation: invertPermutation,
    Pack: pack,
    Range: range,
    Rank: rank,
    Reshape: reshape,
    Shape: (operation) => shapeOf(operation, operation.inputs[0]),
    ShapeN: shapesOf,
    Size: size,
    Slice: slice,
    Squeeze: squeeze,
    StridedSlice: stridedSlice,
    Unpack: unpack,
  } satisfies Readonly<Record<string, Folder>>),
);
