import type { FileSource } from '../../src/index.js';
import { imageOf } from '../classify/drawing.js';
import { taskModels } from '../classify/models.js';
import { sampleDigits } from '../classify/samples.js';

/** A guest of this project with what it needs. */
export interface Example {
  /** The title of its button on the page. */
  readonly label: string;
  readonly note: string;
  readonly fileName: string;
  readonly guest: URL;
  readonly args: string;
  readonly stdin?: string;
  /** By their paths; a string is fetched. */
  files(): Readonly<Record<string, FileSource>>;
}

const modelUrl = '../models/digits.onnx';

/** A seven, as the model of digits takes it: FP32, [1, 1, 28, 28]. */
function sevenTensor(): Uint8Array<ArrayBuffer> {
  const { pixels } = imageOf(sampleDigits[7] ?? []);
  const { mean, deviation } = taskModels.digit.spec;
  const numbers = Float32Array.from({ length: pixels.length / 4 }, (_, index) => {
    const ink = 1 - (pixels[4 * index] ?? 0) / 255;
    return (ink - (mean[0] ?? 0)) / (deviation[0] ?? 1);
  });
  return new Uint8Array(numbers.buffer);
}

const sevenFiles = () => ({ 'digits.onnx': modelUrl, 'seven.f32': sevenTensor() });
const noFiles = () => ({});
const shared = '--model digits.onnx --tensor seven.f32 --shape 1,1,28,28';
const introductory =
  'The introductory example of wasi-nn, written once for each interface. It reads a model and a tensor (here a drawn seven), ' +
  'and prints the best classes.';

export const examples: readonly Example[] = [
  {
    label: 'Component, 10-28',
    note: introductory,
    fileName: 'example-wit-10-28.component.wasm',
    guest: new URL('../../guests/example-wit-10-28.component.wasm', import.meta.url),
    args: `${shared} --input image --output scores`,
    files: sevenFiles,
  },
  {
    label: 'Component, 08-19',
    note: introductory,
    fileName: 'example-wit-08-19.component.wasm',
    guest: new URL('../../guests/example-wit-08-19.component.wasm', import.meta.url),
    args: `${shared} --input image --output scores`,
    files: sevenFiles,
  },
  {
    label: 'Core module, crate 0.6',
    note: introductory,
    fileName: 'example-witx-0-6.wasm',
    guest: new URL('../../guests/example-witx-0-6.wasm', import.meta.url),
    args: `${shared} --output-bytes 40`,
    files: sevenFiles,
  },
  {
    label: 'Core module, crate 0.4',
    note: introductory,
    fileName: 'example-witx-0-4.wasm',
    guest: new URL('../../guests/example-witx-0-4.wasm', import.meta.url),
    args: `${shared} --output-bytes 40`,
    files: sevenFiles,
  },
  {
    label: 'Standard input',
    note: 'A program that prints its arguments, its environment variables, its files and its standard input.',
    fileName: 'cat.wasm',
    guest: new URL('../../guests/cat.wasm', import.meta.url),
    args: '--write hello.txt "Written by the guest"',
    stdin: 'A line for the guest',
    files: noFiles,
  },
  {
    label: 'A trap',
    note: 'A program that traps. The error names the function that failed.',
    fileName: 'trap.component.wasm',
    guest: new URL('../../guests/trap.component.wasm', import.meta.url),
    args: '',
    files: noFiles,
  },
];
