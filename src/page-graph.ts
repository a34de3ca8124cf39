import type { Device } from './backends/backend.js';
import type { EngineLink, GraphInfo } from './engine/link.js';
import { quote, WasiNNError } from './standard/error.js';
import type { DeclaredTensors, NamedTensor, TensorType, TensorValue } from './standard/tensor.js';

/** The elements of a tensor: FP16 and BF16 as their bits, in a Uint16Array. */
export type TensorElements = Float32Array | Float64Array | Uint8Array | Int32Array | BigInt64Array | Uint16Array;

/** A tensor as pages give it. */
export interface InputTensor {
  readonly dimensions: readonly number[];
  /** Can be left out where the elements tell it; a Uint16Array does not, nor does a Uint8Array of anything but U8. */
  readonly type?: TensorType;
  /** The elements, row-major, or their bytes in a Uint8Array. They are copied. */
  readonly data: TensorElements;
}

/** A tensor as pages get it. */
export interface OutputTensor {
  readonly dimensions: readonly number[];
  readonly type: TensorType;
  readonly data: TensorElements;
}

/** A graph that a page has loaded for itself, without a guest. */
export interface PageGraph {
  readonly backend: string;
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  /**
   * Runs the graph once.
   *
   * @param inputs all of them, by their names
   * @returns all outputs, by their names
   * @throws WasiNNError `invalid-argument` for inputs that are not as the graph declares, `timeout`, `too-large`, or
   *   `runtime-error`
   */
  compute(inputs: Readonly<Record<string, InputTensor>>): Promise<Record<string, OutputTensor>>;
  /** Gives the graph back. Disposing twice is harmless. */
  dispose(): Promise<void>;
}

export function toPageGraph(link: EngineLink, { id, backend, device, inputs, outputs }: GraphInfo): PageGraph {
  return {
    backend,
    device,
    inputs,
    outputs,
    async compute(tensors) {
      const results = await link.compute(id, Object.entries(tensors).map(toNamedTensor));
      return Object.fromEntries(results.map(([name, tensor]) => [name, toOutput(tensor)]));
    },
    async dispose() {
      await link.unload(id);
    },
  };
}

function toNamedTensor([name, { dimensions, type, data }]: [string, InputTensor]): NamedTensor {
  const bytes = new Uint8Array(data.byteLength);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return [name, { dimensions: [...dimensions], type: type ?? typeOf(name, data), data: bytes }];
}

function typeOf(name: string, data: TensorElements): TensorType {
  if (data instanceof Float32Array) return 'FP32';
  if (data instanceof Float64Array) return 'FP64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof BigInt64Array) return 'I64';
  if (data instanceof Uint8Array) return 'U8';
  throw new WasiNNError(
    'invalid-argument',
    `compute: input ${quote(name)} needs a type (FP16 or BF16): its elements do not tell`,
  );
}

const elements: Readonly<Record<TensorType, (buffer: ArrayBuffer) => TensorElements>> = {
  FP16: (buffer) => new Uint16Array(buffer),
  BF16: (buffer) => new Uint16Array(buffer),
  FP32: (buffer) => new Float32Array(buffer),
  FP64: (buffer) => new Float64Array(buffer),
  U8: (buffer) => new Uint8Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  I64: (buffer) => new BigInt64Array(buffer),
};

/** What came over a link owns its buffer. */
function toOutput({ dimensions, type, data }: TensorValue): OutputTensor {
  return { dimensions, type, data: elements[type](data.buffer) };
}
