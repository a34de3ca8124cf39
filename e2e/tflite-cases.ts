import { readFixture } from './fixture-data.js';

/** A TensorFlow Lite model, an input, and what the native runtime answers. */
export interface TfliteCase {
  readonly name: string;
  /** Where the test's server has the model. */
  readonly url: string;
  /** Its numbers are whole ones: the answer must be equal in each bit. */
  readonly isQuantized: boolean;
  readonly input: TfliteTensor;
  readonly output: TfliteTensor;
}

interface TfliteTensor {
  readonly name: string;
  readonly ty: 'U8' | 'FP32';
  readonly dimensions: readonly number[];
  readonly data: Buffer;
}

interface Described {
  readonly name: string;
  readonly type: 'float32' | 'int8' | 'uint8';
  readonly dims: readonly number[];
}

const folder = 'encodings/tflite';
/** INT8 travels as the same bytes of type U8. */
const types = { float32: 'FP32', int8: 'U8', uint8: 'U8' } as const;

export function tfliteCases(): TfliteCase[] {
  const index: { model: string; inputs: Described[]; outputs: Described[] }[] = JSON.parse(
    readFixture(`${folder}/index.json`).toString(),
  );
  return index.flatMap(({ model, inputs: [input], outputs: [output] }) => {
    if (!input || !output) return [];
    const tensor = ({ name, type, dims }: Described, file: string): TfliteTensor => {
      return { name, ty: types[type], dimensions: dims, data: readFixture(`${folder}/${model}.${file}.bin`) };
    };
    return {
      name: model,
      url: `/fixtures/${folder}/${model}.tflite`,
      isQuantized: input.type !== 'float32',
      input: tensor(input, 'in'),
      output: tensor(output, 'out.0'),
    };
  });
}

/** How far the numbers of an answer are from the native runtime's. */
export function largestError({ output, isQuantized }: TfliteCase, data: Uint8Array): number {
  if (data.byteLength !== output.data.byteLength) return Number.POSITIVE_INFINITY;
  const read = (bytes: Buffer, at: number) => (isQuantized ? bytes.readUInt8(at) : bytes.readFloatLE(at));
  const width = isQuantized ? 1 : 4;
  const found = Buffer.from(data);
  const errors = Array.from({ length: data.byteLength / width }, (_, index) =>
    Math.abs(read(found, index * width) - read(output.data, index * width)),
  );
  return Math.max(...errors.map((error) => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : error)));
}
