import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Field, readFields, readInt32, wireTypes } from '../src/standard/protobuf.js';

/** One of ONNX's operator tests: a model, inputs, and the outputs that they must give. */
export interface OperatorCase {
  readonly name: string;
  readonly model: Buffer;
  readonly inputs: readonly CaseTensor[];
  readonly outputs: readonly CaseTensor[];
}

export interface CaseTensor {
  readonly name: string;
  /** onnxruntime's name of the element type. */
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: Buffer;
}

/** The element types (`TensorProto.DataType`) that onnxruntime-web takes, and their widths in bytes. */
const types: ReadonlyMap<number, readonly [name: string, width: number]> = new Map([
  [1, ['float32', 4]],
  [2, ['uint8', 1]],
  [3, ['int8', 1]],
  [4, ['uint16', 2]],
  [5, ['int16', 2]],
  [6, ['int32', 4]],
  [7, ['int64', 8]],
  [9, ['bool', 1]],
  [10, ['float16', 2]],
  [11, ['float64', 8]],
  [12, ['uint32', 4]],
  [13, ['uint64', 8]],
]);

/** The fields of `TensorProto` that are read. */
const fields = { dims: 1, dataType: 2, name: 8, rawData: 9 };

/**
 * Reads the cases of a folder that has one folder for each, with `model.onnx` and `test_data_set_0/input_0.pb`, as ONNX
 * keeps them. Cases with others than tensors, or with types that onnxruntime-web lacks, are left out.
 */
export function readCases(folder: string): OperatorCase[] {
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => readCase(path.join(folder, name), name) ?? []);
}

function readCase(folder: string, name: string): OperatorCase | undefined {
  const model = path.join(folder, 'model.onnx');
  const data = path.join(folder, 'test_data_set_0');
  if (!existsSync(model) || !existsSync(data)) return undefined;
  const [inputs, outputs] = [readTensors(data, 'input'), readTensors(data, 'output')];
  return inputs && outputs ? { name, model: readFileSync(model), inputs, outputs } : undefined;
}

function readTensors(folder: string, kind: 'input' | 'output'): CaseTensor[] | undefined {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${kind}_`));
  const tensors = files.flatMap((_, index) => readTensor(readFileSync(path.join(folder, `${kind}_${index}.pb`))) ?? []);
  return tensors.length === files.length ? tensors : undefined;
}

/** @returns nothing for what is no tensor, or keeps its elements elsewhere than in `raw_data` */
function readTensor(bytes: Buffer): CaseTensor | undefined {
  const dims: number[] = [];
  let name = '';
  let type: readonly [string, number] | undefined;
  let data: Buffer = Buffer.alloc(0);
  const isWhole = readFields(bytes, 0, bytes.byteLength, (field) => {
    if (field.number === fields.dims) dims.push(...integers(bytes, field));
    if (field.number === fields.dataType) type = types.get(readInt32(bytes, field.start, field.end));
    if (field.number === fields.name) name = bytes.toString('utf8', field.start, field.end);
    if (field.number === fields.rawData) data = bytes.subarray(field.start, field.end);
    return true;
  });
  if (!isWhole || !type) return undefined;
  const [typeName, width] = type;
  const length = dims.reduce((product, dim) => product * dim, width);
  return data.byteLength === length ? { name, type: typeName, dims, data } : undefined;
}

/** A repeated integer, packed or not. */
function integers(bytes: Buffer, { wireType, start, end }: Field): number[] {
  if (wireType === wireTypes.varint) return [readInt32(bytes, start, end)];
  const values: number[] = [];
  let from = start;
  for (let at = start; at < end; at++) {
    if ((bytes[at] ?? 0) >= 0x80) continue;
    values.push(readInt32(bytes, from, at + 1));
    from = at + 1;
  }
  return values;
}
