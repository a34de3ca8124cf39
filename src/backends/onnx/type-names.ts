import { WasiNNError } from '../../standard/error.js';

/** The names of ONNX's element types (`TensorProto.DataType`), as wasi-nn has them where it does. */
const typeNames: readonly string[] = [
  'undefined',
  'FP32',
  'U8',
  'INT8',
  'UINT16',
  'INT16',
  'I32',
  'I64',
  'STRING',
  'BOOL',
  'FP16',
  'FP64',
  'UINT32',
  'UINT64',
  'COMPLEX64',
  'COMPLEX128',
  'BF16',
  'FP8E4M3FN',
  'FP8E4M3FNUZ',
  'FP8E5M2',
  'FP8E5M2FNUZ',
  'UINT4',
  'INT4',
  'FP4E2M1',
  'FP8E8M0',
  'UINT2',
  'INT2',
];

/** What onnxruntime-web says where an input or output of a model is of a type that it has no tensors of. */
const unknownType = /^unsupported data type: (\d{1,3})$/;

/** Puts the names of element types into an error of onnxruntime, which has their numbers. Other errors stay as they are. */
export function withTypeNames(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  const number = unknownType.exec(cause.message)?.[1];
  if (number !== undefined) return unsupported(typeName(number), cause);
  const message = cause.message.replaceAll(/\b(data type: )(\d{1,3})\b/gi, (_all, words: string, type: string) => {
    return `${words}${typeName(type)}`;
  });
  return message === cause.message ? cause : new Error(message, { cause });
}

function unsupported(type: string, cause: Error): WasiNNError {
  const text = `load: the model has an input or output of the type ${type}, which onnxruntime-web has no tensors of: put a Cast there`;
  return new WasiNNError('unsupported-operation', text, { cause });
}

function typeName(number: string): string {
  return typeNames[Number(number)] ?? number;
}
