import type { ModelOptions } from '../../src/index.js';

export interface Format {
  readonly encoding: 'onnx' | 'openvino' | 'pytorch' | 'tensorflow' | 'tensorflowlite';
  readonly label: string;
  /** Which files a model consists of. */
  readonly files: string;
  /** The endings of these files, in the order in which they are loaded. */
  readonly endings: readonly string[];
}

export const formats: readonly Format[] = [
  { encoding: 'onnx', label: 'ONNX', files: 'one .onnx', endings: ['.onnx'] },
  { encoding: 'openvino', label: 'OpenVINO', files: '.xml and .bin', endings: ['.xml', '.bin'] },
  { encoding: 'pytorch', label: 'TorchScript', files: 'one .pt of torch.jit.save, or .pt2', endings: ['.pt', '.pt2'] },
  {
    encoding: 'tensorflow',
    label: 'TensorFlow',
    files: 'one frozen .pb, or saved_model.pb with variables',
    endings: ['.pb', '.index', '.data-00000-of-00001'],
  },
  { encoding: 'tensorflowlite', label: 'TensorFlow Lite', files: 'one .tflite', endings: ['.tflite'] },
];

/**
 * Puts the chosen files of a model in their order.
 *
 * @throws Error where no file has an ending of the format
 */
export function modelOf(format: Format, files: readonly File[]): ModelOptions {
  const parts = format.endings.flatMap((ending) => files.filter(({ name }) => name.toLowerCase().endsWith(ending)));
  if (parts.length === 0) throw new Error(`Expected ${format.files}, but "${files[0]?.name ?? 'nothing'}" came.`);
  return { parts: parts.map((data) => ({ data })), encoding: format.encoding };
}
