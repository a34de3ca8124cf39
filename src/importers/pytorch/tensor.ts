import type { ElementType } from '../onnx/element-types.js';
import type { Value } from '../onnx/graph-builder.js';
import { excessive, unsupported } from './failure.js';

/** The axes of one tensor. PyTorch allows 64. */
const maximumRank = 64;

/** What views of one another share. It counts the writes in place. */
interface Memory {
  writes: number;
}

/** The tensor that a view shows a part of, and how that tensor is replaced when the view is written to. */
export interface Origin {
  readonly tensor: Tensor;
  readonly replace: (part: Tensor) => Tensor;
}

/**
 * A tensor while a program is converted: a value of the ONNX graph whose type and shape are known. A write in place gives
 * it another value. The tensor that it is a part of gets another value too, where its {@link Origin} is known. Other views of
 * the same memory keep the values that they had, and are not to be read after such a write.
 */
export class Tensor {
  #value: Value;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly #memory: Memory;
  #seenWrites: number;
  readonly #origin: Origin | undefined;

  /**
   * @param viewed the tensor that this one is a view of, or may be
   * @param replace makes a new viewed tensor, with what has been written to this one
   */
  constructor(value: Value, type: ElementType, shape: readonly number[], viewed?: Tensor, replace?: Origin['replace']) {
    if (shape.length > maximumRank) throw excessive(`makes a tensor of ${shape.length} axes`);
    this.#value = value;
    this.type = type;
    this.shape = shape;
    this.#memory = viewed ? viewed.#memory : { writes: 0 };
    this.#seenWrites = viewed ? viewed.#seenWrites : 0;
    this.#origin = viewed && replace && { tensor: viewed, replace };
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

  /** Writes in place, also into the tensor that this one is a part of. */
  overwrite(source: Tensor): void {
    const writes: [target: Tensor, source: Tensor][] = [[this, source]];
    let origin = this.#origin;
    for (let part = source; origin; origin = origin.tensor.#origin) {
      part = origin.replace(part);
      writes.push([origin.tensor, part]);
    }
    this.#memory.writes++;
    for (const [target, written] of writes) {
      target.#value = written.value;
      target.#seenWrites = this.#memory.writes;
    }
  }
}
