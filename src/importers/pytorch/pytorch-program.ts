import type { DeclaredTensors, TensorShape } from '../../standard/tensor.js';
import type { ImportedModel } from '../importer.js';

/** A PyTorch model that has been read. Its operators need types and shapes, which only inputs bring. */
export interface PyTorchProgram {
  /** `any` for TorchScript, which does not say what it takes. */
  readonly inputs: DeclaredTensors;
  /**
   * Makes an ONNX model for inputs of these types and shapes, in the order of the program's parameters. The outputs have
   * 32-bit floats, in the order of the tuple that the program returns; they are called `output`, or `output0` and so on
   * where there are several.
   *
   * Keep the model. Convert again only for other types and shapes.
   *
   * @throws {WasiNNError} `unsupported-operation` with every operator that cannot be converted, or for a program that
   *   decides by a tensor's value; `invalid-argument` where it cannot compute with such inputs; `too-large`
   */
  specialise(inputs: readonly TensorShape[]): ImportedModel;
}
