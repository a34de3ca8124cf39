import type { Value } from '../onnx/graph-builder.js';

/**
 * A list of tensors, which loops read and write. It exists only while the model is converted.
 */
export interface TensorList {
  readonly kind: 'list';
  readonly content:
    | { readonly is: 'tensor'; readonly tensor: Value }
    | { readonly is: 'elements'; readonly elements: readonly (Value | undefined)[] }
    /** In the body of a loop: what it was when the round began, and what the round writes into it. */
    | { readonly is: 'loop state'; readonly written?: WrittenElement };
}

export interface WrittenElement {
  readonly index: Value;
  readonly value: Value;
}
