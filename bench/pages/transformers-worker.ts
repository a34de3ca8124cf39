import { bestClassOf } from './best-class.js';
import type { Photo } from './photo.js';
import { serveMessages } from './serve-messages.js';
import { transformersFolder } from './transformers-release.js';

/** A worker that runs transformers.js as it comes, from the file that a page without a bundler imports. */

const folder = `/peers/${transformersFolder}/`;
const model = 'squeezenet';
const input = 'data';
const output = 'squeezenet0_flatten0_reshape0';

export interface TransformersStart {
  readonly threads: number;
}

/** A tensor for the model alone, so many times. Its highest score must be that of a class. */
export interface TransformersOrder {
  readonly tensor: Float32Array;
  readonly dimensions: readonly number[];
  readonly times: number;
  readonly best: number;
}

/** A photo for transformers.js's pipeline `image-classification`. Its most probable class must be `best`. */
export interface TransformersPhoto {
  readonly photo: Photo;
  readonly best: number;
}

interface Tensor {
  readonly data: Float32Array;
}

interface Model {
  readonly config: unknown;
  (inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

/** What is used of transformers.js. */
interface Transformers {
  readonly env: {
    allowLocalModels: boolean;
    allowRemoteModels: boolean;
    localModelPath: string;
    readonly backends: { readonly onnx: { readonly wasm: { numThreads: number; wasmPaths: object } } };
  };
  readonly AutoModel: { from_pretrained(name: string, options: object): Promise<Model> };
  readonly AutoImageProcessor: { from_pretrained(name: string): Promise<object> };
  readonly ImageClassificationPipeline: new (
    parts: object,
  ) => (image: object, options: object) => Promise<readonly { readonly label: string }[]>;
  readonly RawImage: new (pixels: Uint8Array, width: number, height: number, channels: number) => object;
  readonly Tensor: new (type: 'float32', data: Float32Array, dimensions: readonly number[]) => Tensor;
}

interface Runs {
  compute(order: TransformersOrder): Promise<void>;
  classify(order: TransformersPhoto): Promise<void>;
}

let runs: Runs | undefined;

serveMessages<TransformersStart | TransformersOrder | TransformersPhoto>(async (message) => {
  if ('threads' in message) runs = await start(message);
  else if ('photo' in message) await runs?.classify(message);
  else await runs?.compute(message);
});

async function start({ threads }: TransformersStart): Promise<Runs> {
  const script = `${folder}transformers.min.js`;
  const transformers: Transformers = await import(/* @vite-ignore */ script);
  const { env, AutoModel, AutoImageProcessor, ImageClassificationPipeline, RawImage, Tensor } = transformers;
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.localModelPath = `${folder}models/`;
  const runtime = `${location.origin}${folder}ort-wasm-simd-threaded.asyncify`;
  env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
  env.backends.onnx.wasm.numThreads = threads;
  const squeezenet = await AutoModel.from_pretrained(model, { device: 'wasm', dtype: 'fp32' });
  const processor = await AutoImageProcessor.from_pretrained(model);

  async function scoresOf(tensor: Tensor): Promise<Tensor> {
    const { [output]: scores } = await squeezenet({ [input]: tensor });
    if (!scores) throw new Error(`the model has no output ${output}`);
    return scores;
  }

  // The pipeline knows the names of transformers.js's own models.
  const named = async ({ pixel_values }: { readonly pixel_values: Tensor }) => ({
    logits: await scoresOf(pixel_values),
  });
  const pipeline = new ImageClassificationPipeline({
    task: 'image-classification',
    model: Object.assign(named, { config: squeezenet.config }),
    processor,
  });

  return {
    /** Each time makes a tensor from a copy of the numbers, and takes the output's: as a caller would. */
    async compute({ tensor, dimensions, times, best }) {
      for (let time = 0; time < times; time++) {
        const { data } = await scoresOf(new Tensor('float32', tensor.slice(), dimensions));
        expectClass(bestClassOf(data), best);
      }
    },
    async classify({ photo: { pixels, width, height }, best }) {
      const [guess] = await pipeline(new RawImage(pixels, width, height, 4), { top_k: 5 });
      expectClass(Number(guess?.label.replace('LABEL_', '')), best);
    },
  };
}

function expectClass(found: number, best: number): void {
  if (found !== best) throw new Error(`transformers.js answers with class ${found}, the library with class ${best}`);
}
