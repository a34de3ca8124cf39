import type { TensorInfo } from '../standard/tensor.js';

/** What an importer makes of a model. */
export interface ImportedModel {
  /** A complete ONNX model. */
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** In the order of the original. The names are those of the ONNX model. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Further names that the original gives its inputs, and the inputs' names in the ONNX model. Empty where there are
   * none.
   */
  readonly inputAliases: ReadonlyMap<string, string>;
  readonly outputAliases: ReadonlyMap<string, string>;
}
