import { bitsOf, type ElementType } from '../onnx/element-types.js';
import type { Tensor as OnnxTensor } from '../onnx/model.js';
import { invalid } from './failure.js';

/** How the elements of a storage lie in the archive. */
export type StorageType = ElementType;

/** A tensor of the archive: a view of the bytes of a storage. */
export class StoredTensor {
  readonly storage: Uint8Array;
  readonly type: StorageType;
  readonly shape: readonly number[];
  /** In elements, as the offset. */
  readonly strides: readonly number[];
  readonly offset: number;

  /** @throws {WasiNNError} `invalid-encoding` where the view reaches beyond the storage */
  constructor(
    storage: Uint8Array,
    type: StorageType,
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
  ) {
    this.storage = storage;
    this.type = type;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.#check();
  }

  /** The tensor with its elements contiguous: a view of the storage where they are so there. */
  read(): OnnxTensor {
    const dims = this.shape;
    const data = this.#isContiguous() ? this.#view() : this.#gather();
    // onnxruntime computes nothing in bfloat16.
    if (this.type === 'bfloat16') return { type: 'float32', dims, data: widenBfloat16(data) };
    return { type: this.type, dims, data };
  }

  #check(): void {
    const { shape, strides, offset, storage } = this;
    const isCount = (length: number) => Number.isSafeInteger(length) && length >= 0;
    if (shape.length !== strides.length || ![...shape, ...strides, offset].every(isCount)) {
      throw invalid(`it has a tensor of the shape [${shape}] with the strides [${strides}] at ${offset}`);
    }
    if (shape.includes(0)) return;
    const last = shape.reduce((sum, length, axis) => sum + (length - 1) * (strides[axis] ?? 0), offset);
    const elements = storage.byteLength / this.#width;
    // A stride of zero repeats elements: that may make a tensor somewhat larger than its storage, not absurdly so.
    const most = Math.max(elements, 2 ** 18);
    if (last >= elements || shape.reduce((product, length) => product * length, 1) > most) {
      throw invalid(
        `a tensor of the shape [${shape}] with the strides [${strides}] at ${offset} does not fit its storage of ` +
          `${elements} elements`,
      );
    }
  }

  get #width(): number {
    return bitsOf(this.type) / 8;
  }

  #isContiguous(): boolean {
    let stride = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const length = this.shape[axis] ?? 1;
      if (length !== 1 && this.strides[axis] !== stride) return this.shape.includes(0);
      stride *= length;
    }
    return true;
  }

  #view(): Uint8Array {
    const count = this.shape.reduce((product, length) => product * length, 1);
    const start = count === 0 ? 0 : this.offset * this.#width;
    return this.storage.subarray(start, start + count * this.#width);
  }

  /** Weights that are stored transposed or with the channels last. */
  #gather(): Uint8Array {
    const width = this.#width;
    const count = this.shape.reduce((product, length) => product * length, 1);
    const gathered = new Uint8Array(count * width);
    const index = this.shape.map(() => 0);
    let from = this.offset;
    for (let at = 0; at < gathered.byteLength; at += width) {
      for (let byte = 0; byte < width; byte++) gathered[at + byte] = this.storage[from * width + byte] ?? 0;
      for (let axis = index.length - 1; axis >= 0; axis--) {
        const stride = this.strides[axis] ?? 0;
        const next = (index[axis] ?? 0) + 1;
        from += stride;
        if (next < (this.shape[axis] ?? 0)) {
          index[axis] = next;
          break;
        }
        from -= next * stride;
        index[axis] = 0;
      }
    }
    return gathered;
  }
}

function widenBfloat16(data: Uint8Array): Uint8Array {
  const wide = new Uint8Array(data.byteLength * 2);
  for (let at = 0; at < data.byteLength; at += 2) {
    wide[at * 2 + 2] = data[at] ?? 0;
    wide[at * 2 + 3] = data[at + 1] ?? 0;
  }
  return wide;
}
