import type { ElementType } from '../onnx/element-types.js';
import type { Value } from '../onnx/graph-builder.js';
import { unsupported } from './failure.js';

/** What views of one another share. It counts the writes in place. */
interface Memory {
  writes: number;
}

/**
 * A tensor while a program is converted: a value of the ONNX graph whose type and shape are known. A write in place gives
 * it another value. Views keep the values that they had, and are not to be read after such a write.
 */
export class Tensor {
  #value: Value;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly #memory: Memory;
  #seenWrites: number;

  /** @param viewed the tensor that this one is a view of, or may be */
  constructor(value: Value, type: ElementType, shape: readonly number[], viewed?: Tensor) {
    this.#value = value;
    this.type = type;
    this.shape = shape;
    this.#memory = viewed ? viewed.#memory : { writes: 0 };
    this.#seenWrites = viewed ? viewed.#seenWrites : 0;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }

  /** @throws {WasiNNError} `unsupported-operation` where a view of the tensor has been written to */
  get value(): Value {
    if (this.#seenWrites !== this.#memory.writes) {
      throw unsupported(
        'it writes to a view of a tensor in place, and reads the tensor, or another view of it, afterwards',
      );
    }
    return this.#value;
  }

  /** Writes in place. */
  overwrite(source: Tensor): void {
    this.#value = source.value;
    this.#seenWrites = ++this.#memory.writes;
  }
}
