import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TensorShape } from '../standard/tensor.js';
import type { ImportedModel } from './importer.js';
import { importOpenvino } from './openvino/import-openvino.js';
import { readPyTorch } from './pytorch/index.js';
import { importTensorflow } from './tensorflow/import-tensorflow.js';
import { type ImportedEncoding, importerVersions } from './versions.js';

const project = path.resolve(import.meta.dirname, '../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');

const image: TensorShape = { type: 'FP32', dimensions: [1, 3, 224, 224] };
const small: TensorShape = { type: 'FP32', dimensions: [1, 3, 16, 16] };
const specialised =
  (shape: TensorShape) =>
  async ([archive = new Uint8Array()]: readonly Uint8Array<ArrayBuffer>[]) =>
    (await readPyTorch(archive)).specialise([shape]);

interface Pinned {
  readonly encoding: ImportedEncoding;
  readonly files: readonly string[];
  readonly convert: (parts: readonly Uint8Array<ArrayBuffer>[]) => Promise<ImportedModel>;
  /** The importer's version, and the beginning of the SHA-256 digest of what that makes of the model. */
  readonly made: string;
}

const ir = (name: string) => [`${name}.xml`, `${name}.bin`];

const pinned: readonly Pinned[] = [
  { encoding: 'openvino', files: ir('models/road-segmentation'), convert: importOpenvino, made: '1 1478433875593aa2' },
  {
    encoding: 'openvino',
    files: ir('encodings/openvino/squeezenet'),
    convert: importOpenvino,
    made: '1 75770e855986376a',
  },
  { encoding: 'openvino', files: ir('encodings/openvino/lstm'), convert: importOpenvino, made: '1 b8baed6b899d6792' },
  {
    encoding: 'pytorch',
    files: ['encodings/pytorch/squeezenet1_1.traced.pt'],
    convert: specialised(image),
    made: '1 51854da58158ff03',
  },
  {
    encoding: 'pytorch',
    files: ['encodings/pytorch/small.pt2'],
    convert: specialised(small),
    made: '1 b63aabeadcf0e10c',
  },
  {
    encoding: 'tensorflow',
    files: ['saved_model.pb', 'variables/variables.index', 'variables/variables.data-00000-of-00001'].map(
      (file) => `encodings/tensorflow/small_saved/${file}`,
    ),
    convert: importTensorflow,
    made: '1 f3e4881aecbdd1d9',
  },
  {
    encoding: 'tensorflow',
    files: ['encodings/tensorflow/small.pb'],
    convert: importTensorflow,
    made: '1 cff76823f69d600f',
  },
];

describe.skipIf(!existsSync(fixtures))('the version of the importer', () => {
  it.each(pinned)('of $encoding is raised when it makes another model of $files.0', async (model) => {
    const parts = model.files.map((file) => new Uint8Array(readFileSync(path.join(fixtures, file))));
    const { onnx } = await model.convert(parts);
    const digest = createHash('sha256').update(onnx).digest('hex').slice(0, 16);
    expect(
      `${importerVersions[model.encoding]} ${digest}`,
      'raise the version in versions.ts, and write the new version and digest here',
    ).toBe(model.made);
  });
});
