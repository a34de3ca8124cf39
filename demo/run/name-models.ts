import type { ModelsTable } from '../../src/index.js';

const encodings: Readonly<Record<string, 'onnx' | 'pytorch' | 'tensorflow' | 'tensorflowlite' | 'ggml'>> = {
  onnx: 'onnx',
  pt: 'pytorch',
  pt2: 'pytorch',
  pb: 'tensorflow',
  tflite: 'tensorflowlite',
  gguf: 'ggml',
};

/** Registers each file that looks like a model by its name without the ending, for guests that load by name. */
export function nameModels(files: ReadonlyMap<string, Blob>): ModelsTable {
  const models: Record<string, ModelsTable[string]> = {};
  for (const [path, data] of files) {
    const [, stem = '', ending = ''] = /([^/]+)\.([^./]+)$/.exec(path) ?? [];
    const encoding = encodings[ending.toLowerCase()];
    if (encoding) models[stem] = { data, encoding };
    const weights = ending === 'xml' ? files.get(path.replace(/xml$/, 'bin')) : undefined;
    if (weights) models[stem] = { parts: [{ data }, { data: weights }], encoding: 'openvino' };
  }
  return models;
}
