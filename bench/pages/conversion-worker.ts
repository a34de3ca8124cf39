import type { ImportedModel } from '../../src/importers/importer.js';
import type { TensorShape } from '../../src/standard/tensor.js';

/** A worker that converts one model. */

export interface ConversionMessage {
  readonly encoding: 'openvino' | 'pytorch';
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  /** The inputs that a PyTorch program is converted for. */
  readonly inputs: readonly TensorShape[];
}

/** How long it took, in ms, and the length of the ONNX model. */
export interface ConversionReply {
  readonly milliseconds: number;
  readonly byteLength: number;
}

type Convert = (message: ConversionMessage) => Promise<ImportedModel>;

globalThis.onmessage = async ({ data }: MessageEvent<ConversionMessage>) => {
  const convert = await importerOf(data);
  const start = performance.now();
  const { onnx } = await convert(data);
  const reply: ConversionReply = { milliseconds: performance.now() - start, byteLength: onnx.byteLength };
  globalThis.postMessage(reply);
};

/** Its script is fetched before the clock starts. */
async function importerOf({ encoding }: ConversionMessage): Promise<Convert> {
  if (encoding === 'openvino') {
    const { importOpenvino } = await import('../../src/importers/openvino/import-openvino.js');
    return ({ parts }) => importOpenvino(parts);
  }
  const { readPyTorch } = await import('../../src/importers/pytorch/index.js');
  return async ({ parts: [archive = new Uint8Array()], inputs }) => (await readPyTorch(archive)).specialise(inputs);
}
