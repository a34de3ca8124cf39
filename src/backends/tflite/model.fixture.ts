import { Builder, type Offset } from 'flatbuffers';

/** TensorFlow Lite models of a few operators, made from what a test says of them. */

/** Element types, by their numbers in TensorFlow Lite's schema. */
export const types = {
  FLOAT32: 0,
  FLOAT16: 1,
  INT32: 2,
  UINT8: 3,
  INT64: 4,
  STRING: 5,
  BOOL: 6,
  INT16: 7,
  INT8: 9,
  FLOAT64: 10,
} as const;

export interface FixtureTensor {
  readonly name: string;
  readonly type?: keyof typeof types;
  readonly shape: readonly number[];
  readonly scales?: readonly number[];
  readonly zeroPoint?: number;
}

export interface FixtureOperator {
  readonly kind: keyof typeof operators;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Which of the model's operator codes it has. Default: its own. */
  readonly code?: number;
}

export interface FixtureSignature {
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: Readonly<Record<string, number>>;
  readonly subgraph?: number;
}

export interface FixtureModel {
  readonly tensors: readonly FixtureTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators?: readonly FixtureOperator[];
  readonly signatures?: readonly FixtureSignature[];
}

/** The operators that are used, by their numbers, and those of their options. */
const operators = {
  add: { code: 0, options: 11 },
  reshape: { code: 22, options: 17 },
  gather: { code: 36, options: 23 },
  unknown: { code: 127, options: 0 },
} as const;

export function buildModel(model: FixtureModel): Uint8Array<ArrayBuffer> {
  const builder = new Builder(1024);
  const subgraph = buildSubgraph(builder, model);
  const codes = (model.operators ?? []).map(({ kind }) =>
    table(builder, 4, () => {
      builder.addFieldInt8(0, operators[kind].code, 0);
      builder.addFieldInt32(3, operators[kind].code, 0);
    }),
  );
  const codesVector = offsets(builder, codes);
  const subgraphs = offsets(builder, [subgraph]);
  const buffers = offsets(builder, [table(builder, 1, () => undefined)]);
  const signatures =
    model.signatures &&
    offsets(
      builder,
      model.signatures.map((one) => buildSignature(builder, one)),
    );
  const root = table(builder, 8, () => {
    builder.addFieldInt32(0, 3, 0);
    builder.addFieldOffset(1, codesVector, 0);
    builder.addFieldOffset(2, subgraphs, 0);
    builder.addFieldOffset(4, buffers, 0);
    if (signatures) builder.addFieldOffset(7, signatures, 0);
  });
  builder.finish(root, 'TFL3');
  return new Uint8Array(builder.asUint8Array());
}

/** A model that adds its one input, of one type and shape, to itself. */
export function doubling(shape: readonly number[], more: Partial<FixtureModel> = {}): Uint8Array<ArrayBuffer> {
  return buildModel({
    tensors: [
      { name: 'x', shape },
      { name: 'y', shape },
    ],
    inputs: [0],
    outputs: [1],
    operators: [{ kind: 'add', inputs: [0, 0], outputs: [1] }],
    ...more,
  });
}

/** A model that answers with its input in another shape. */
export function reshaping(type: keyof typeof types, quantized?: Pick<FixtureTensor, 'scales' | 'zeroPoint'>) {
  return buildModel({
    tensors: [
      { name: 'x', type, shape: [2, 2], ...quantized },
      { name: 'y', type, shape: [4], ...quantized },
    ],
    inputs: [0],
    outputs: [1],
    operators: [{ kind: 'reshape', inputs: [0], outputs: [1] }],
  });
}

function buildSubgraph(builder: Builder, model: FixtureModel): Offset {
  const tensors = offsets(
    builder,
    model.tensors.map((tensor) => buildTensor(builder, tensor)),
  );
  const inputs = ints(builder, model.inputs);
  const outputs = ints(builder, model.outputs);
  const ran = (model.operators ?? []).map((operator, index) => buildOperator(builder, model, operator, index));
  const operatorsVector = offsets(builder, ran);
  return table(builder, 5, () => {
    builder.addFieldOffset(0, tensors, 0);
    builder.addFieldOffset(1, inputs, 0);
    builder.addFieldOffset(2, outputs, 0);
    builder.addFieldOffset(3, operatorsVector, 0);
  });
}

function buildTensor(builder: Builder, { name, type = 'FLOAT32', shape, scales, zeroPoint = 0 }: FixtureTensor) {
  const nameOffset = builder.createString(name);
  const shapeOffset = ints(builder, shape);
  const quantization = scales && buildQuantization(builder, scales, zeroPoint);
  return table(builder, 10, () => {
    builder.addFieldOffset(0, shapeOffset, 0);
    builder.addFieldInt8(1, types[type], 0);
    builder.addFieldOffset(3, nameOffset, 0);
    if (quantization) builder.addFieldOffset(4, quantization, 0);
  });
}

function buildQuantization(builder: Builder, scales: readonly number[], zeroPoint: number): Offset {
  builder.startVector(4, scales.length, 4);
  for (const scale of scales.toReversed()) builder.addFloat32(scale);
  const scaleOffset = builder.endVector();
  builder.startVector(8, scales.length, 8);
  for (const _ of scales) builder.addInt64(BigInt(zeroPoint));
  const zeroPointOffset = builder.endVector();
  return table(builder, 7, () => {
    builder.addFieldOffset(2, scaleOffset, 0);
    builder.addFieldOffset(3, zeroPointOffset, 0);
  });
}

function buildOperator(builder: Builder, model: FixtureModel, operator: FixtureOperator, index: number): Offset {
  const inputs = ints(builder, operator.inputs);
  const outputs = ints(builder, operator.outputs);
  const [output = 0] = operator.outputs;
  const newShape = operator.kind === 'reshape' && ints(builder, model.tensors[output]?.shape ?? []);
  const options = table(builder, 2, () => {
    if (newShape) builder.addFieldOffset(0, newShape, 0);
  });
  return table(builder, 9, () => {
    builder.addFieldInt32(0, operator.code ?? index, 0);
    builder.addFieldOffset(1, inputs, 0);
    builder.addFieldOffset(2, outputs, 0);
    builder.addFieldInt8(3, operators[operator.kind].options, 0);
    builder.addFieldOffset(4, options, 0);
  });
}

function buildSignature(builder: Builder, { inputs, outputs, subgraph = 0 }: FixtureSignature): Offset {
  const toMap = (tensors: Readonly<Record<string, number>>) =>
    offsets(
      builder,
      Object.entries(tensors).map(([name, index]) => {
        const nameOffset = builder.createString(name);
        return table(builder, 2, () => {
          builder.addFieldOffset(0, nameOffset, 0);
          builder.addFieldInt32(1, index, 0);
        });
      }),
    );
  const [inputMap, outputMap] = [toMap(inputs), toMap(outputs)];
  const key = builder.createString(`serving_${subgraph}`);
  return table(builder, 5, () => {
    builder.addFieldOffset(0, inputMap, 0);
    builder.addFieldOffset(1, outputMap, 0);
    builder.addFieldOffset(2, key, 0);
    builder.addFieldInt32(4, subgraph, 0);
  });
}

function table(builder: Builder, fieldCount: number, fill: () => void): Offset {
  builder.startObject(fieldCount);
  fill();
  return builder.endObject();
}

function ints(builder: Builder, values: readonly number[]): Offset {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addInt32(value);
  return builder.endVector();
}

function offsets(builder: Builder, values: readonly Offset[]): Offset {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addOffset(value);
  return builder.endVector();
}
