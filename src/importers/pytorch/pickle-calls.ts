import { bitsOf } from '../onnx/element-types.js';
import { invalid, unsupported } from './failure.js';
import { type StorageType, StoredTensor } from './stored-tensor.js';
import { describeKind, numberOf, type PythonValue, Reference } from './values.js';

const storageTypes: ReadonlyMap<string, StorageType> = new Map([
  ['torch.FloatStorage', 'float32'],
  ['torch.DoubleStorage', 'float64'],
  ['torch.HalfStorage', 'float16'],
  ['torch.BFloat16Storage', 'bfloat16'],
  ['torch.LongStorage', 'int64'],
  ['torch.IntStorage', 'int32'],
  ['torch.ShortStorage', 'int16'],
  ['torch.CharStorage', 'int8'],
  ['torch.ByteStorage', 'uint8'],
  ['torch.BoolStorage', 'bool'],
]);

/** Constructors that hand on their first argument: the lists and dictionaries of a type, and parameters. */
const wrappers: ReadonlySet<string> = new Set([
  'torch._utils._rebuild_parameter',
  'torch.jit._pickle.build_intlist',
  'torch.jit._pickle.build_floatlist',
  'torch.jit._pickle.build_doublelist',
  'torch.jit._pickle.build_boollist',
  'torch.jit._pickle.build_tensorlist',
  'torch.jit._pickle.restore_type_tag',
]);

/** What a pickle makes of a call. Only what TorchScript writes is known. */
export function unpickleCall(name: string, callArguments: readonly PythonValue[]): PythonValue {
  if (name === 'torch._utils._rebuild_tensor_v2') return rebuildTensor(callArguments);
  if (wrappers.has(name)) return callArguments[0];
  if (name === 'collections.OrderedDict') return new Map();
  if (name === 'torch.device') return callArguments[0];
  if (name === 'torch._utils._rebuild_qtensor') throw unsupported('it has quantised tensors, which are not supported');
  if (name === 'torch._utils._rebuild_sparse_tensor')
    throw unsupported('it has sparse tensors, which are not supported');
  throw invalid(`its pickle calls ${JSON.stringify(name.slice(0, 100))}, which no TorchScript does`);
}

/**
 * A storage of the archive: a tuple of the word `storage`, its class, the name of its entry, the device and its length.
 *
 * @param find the bytes of an entry; undefined where there is none
 */
export function loadStorage(id: PythonValue, find: (key: string) => Uint8Array | undefined): PythonValue {
  const [word, type, key] = Array.isArray(id) ? id : [];
  if (word !== 'storage' || !(type instanceof Reference) || typeof key !== 'string') {
    throw invalid('its pickle refers to something that is no storage');
  }
  const elementType = storageTypes.get(type.path);
  if (!elementType)
    throw unsupported(`it has a ${type.path}: tensors of complex and quantised types are not supported`);
  const bytes = find(key);
  if (!bytes) throw invalid(`the archive lacks the storage ${JSON.stringify(key)}`);
  // A storage is a tensor of all its elements until it is made one of its shape.
  const length = Math.floor(bytes.byteLength / (bitsOf(elementType) / 8));
  return new StoredTensor(bytes, elementType, [length], [1], 0);
}

function rebuildTensor([storage, offset, shape, strides]: readonly PythonValue[]): StoredTensor {
  if (!(storage instanceof StoredTensor)) throw invalid(`it makes a tensor of ${describeKind(storage)}`);
  return new StoredTensor(
    storage.storage,
    storage.type,
    integers(shape),
    integers(strides),
    numberOf(offset) ?? Number.NaN,
  );
}

function integers(value: PythonValue): number[] {
  return Array.isArray(value) ? value.map((item) => (typeof item === 'number' ? item : Number.NaN)) : [Number.NaN];
}
