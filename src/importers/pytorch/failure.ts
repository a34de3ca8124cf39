import { toWasiNNError, WasiNNError } from '../../standard/error.js';

/** The bytes are no PyTorch model, or a damaged one. */
export function invalid(problem: string): WasiNNError {
  return new WasiNNError('invalid-encoding', `load: the PyTorch model cannot be read: ${problem}; save it again`);
}

/** The model is right, and cannot be converted. */
export function unsupported(problem: string): WasiNNError {
  return new WasiNNError(
    'unsupported-operation',
    `load: the PyTorch model cannot be converted: ${problem}; convert it to ONNX beforehand`,
  );
}

/** The model asks for more than a conversion may take. */
export function excessive(problem: string): WasiNNError {
  return new WasiNNError('too-large', `load: the PyTorch model ${problem}; use a smaller model`);
}

/** What is not thrown with a code comes from bytes that nobody foresaw. */
export function asModelError(cause: unknown): Error {
  if (cause instanceof RangeError) {
    return new WasiNNError('too-large', `load: the PyTorch model nests too deep, or is damaged: ${cause.message}`, {
      cause,
    });
  }
  return toWasiNNError(cause, 'load: the PyTorch model cannot be converted', 'invalid-encoding');
}
