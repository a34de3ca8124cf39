import type { ModelOptions } from '../../src/index.js';

export interface Format {
  readonly encoding: 'onnx' | 'openvino' | 'pytorch' | 'tensorflow' | 'tensorflowlite';
  readonly label: string;
  /** What computes the model. */
  readonly runtime: string;
  /** Which files a model consists of. */
  readonly files: string;
  /** The endings of these files, in the order in which they are loaded. */
  readonly endings: readonly string[];
  /** A line of Python that writes such files. */
  readonly recipe: string;
}

export const formats: readonly Format[] = [
  {
    encoding: 'onnx',
    label: 'ONNX',
    runtime: 'onnxruntime-web runs it as it is',
    files: 'a .onnx file',
    endings: ['.onnx'],
    recipe: "torch.onnx.export(model, image, 'kitten.onnx')",
  },
  {
    encoding: 'openvino',
    label: 'OpenVINO',
    runtime: 'the library converts it to ONNX',
    files: 'an .xml file and its .bin file',
    endings: ['.xml', '.bin'],
    recipe: "ov.save_model(ov.convert_model('kitten.onnx'), 'kitten.xml')",
  },
  {
    encoding: 'pytorch',
    label: 'TorchScript',
    runtime: 'the library converts it to ONNX',
    files: 'a .pt file, or a .pt2 file',
    endings: ['.pt', '.pt2'],
    recipe: "torch.jit.trace(model, image).save('kitten.pt')",
  },
  {
    encoding: 'tensorflow',
    label: 'TensorFlow',
    runtime: 'the library converts it to ONNX',
    files: 'a frozen .pb file, or saved_model.pb with its variables',
    endings: ['.pb', '.index', '.data-00000-of-00001'],
    recipe: "model.export('kitten')",
  },
  {
    encoding: 'tensorflowlite',
    label: 'TensorFlow Lite',
    runtime: 'LiteRT runs it as it is',
    files: 'a .tflite file',
    endings: ['.tflite'],
    recipe: 'tf.lite.TFLiteConverter.from_keras_model(model).convert()',
  },
];

/** The format that a file belongs to, by its ending. */
export function formatOf(fileName: string): Format | undefined {
  const name = fileName.toLowerCase();
  return formats.find(({ endings }) => endings.some((ending) => name.endsWith(ending)));
}

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
