import { squeezenetInput } from '../../demo/classify/input-spec.js';
import { createWasiNN, type WasiNN } from '../../src/index.js';
import { asking, type Runner } from './baselines.js';
import { bestClassOf } from './best-class.js';
import { nextDevice, threadsOf } from './devices.js';
import { classes, image, imageShape, squeezenetUrl } from './image.js';
import { inference, type Plan } from './measure.js';
import { componentGuest, placeInto } from './ours.js';
import { fetchPhoto, type Photo } from './photo.js';
import type { Scenario, Scenarios } from './scenario.js';
import type { TransformersOrder, TransformersPhoto, TransformersStart } from './transformers-worker.js';

const model = 'squeezenet/cpu';
const photoUrl = '/fixtures/images/dog.jpg';

const slowInference: Plan = { pairs: 20, times: 3, warmUp: 9 };

interface ClassifyExports {
  classify(image: Photo, model: object, top: number): Promise<readonly { readonly class: number }[]>;
}

type Call = (...values: unknown[]) => Promise<number>;

type TractExports = Readonly<Record<'allocate' | 'load' | 'compute_repeatedly', Call>>;

type TransformersMessage = TransformersStart | TransformersOrder | TransformersPhoto;

/** transformers.js in a worker, with as many threads as the library's graph has. */
async function startTransformers(threads: number): Promise<(message: TransformersMessage) => Promise<void>> {
  const worker = new Worker(new URL('./transformers-worker.js', import.meta.url), { type: 'module' });
  const ask = asking<TransformersMessage>(worker);
  await ask({ threads });
  return ask;
}

/** The class that the library finds in the image of all scenarios. */
async function bestClass(nn: WasiNN): Promise<number> {
  const graph = await nn.loadByName(model);
  const [output] = Object.values(await graph.compute({ [image.name]: { ...image, type: image.ty } }));
  if (!(output?.data instanceof Float32Array)) throw new Error(`${model} has answered without scores`);
  return bestClassOf(output.data);
}

/** A component that resizes a photo, computes and ranks the classes, photo by photo. */
async function classifyingGuest(nn: WasiNN, photo: Photo): Promise<{ readonly run: Runner; readonly best: number }> {
  const { exports } = await nn.instantiate<ClassifyExports>('/guests/classify.component.wasm');
  const classify = async () => (await exports.classify(photo, { ...squeezenetInput, name: model }, 5))[0]?.class;
  const best = await classify();
  if (best === undefined) throw new Error('the guest has no guess');
  const run = async (times: number) => {
    for (let time = 0; time < times; time++) await classify();
  };
  return { run, best };
}

/** A core module that has tract compiled in, and is instantiated like any guest. Its module has one thread. */
async function tractGuest(nn: WasiNN, best: number): Promise<Runner> {
  const { exports, memory } = await nn.instantiate<TractExports>('/peers/tract.wasm');
  if (!memory) throw new Error('the guest has no memory');
  const { place } = placeInto(exports, memory);
  const bytes = new Uint8Array(await (await fetch(squeezenetUrl)).arrayBuffer());
  await exports.load(await place(bytes), bytes.byteLength);
  const input = await place(image.data);
  const output = await exports.allocate(classes * 4);
  const run = async (times: number) => {
    await exports.compute_repeatedly(input, output, classes, times);
  };
  await run(1);
  const found = bestClassOf(new Float32Array((await memory.read(output, classes * 4)).slice().buffer));
  if (found !== best) throw new Error(`tract answers with class ${found}, the library with class ${best}`);
  return run;
}

const transformers: Scenario = {
  ...inference,
  async prepare(nn) {
    const device = nextDevice(nn, 'wasm');
    const ours = await componentGuest(nn, model, [image]);
    const best = await bestClass(nn);
    const ask = await startTransformers(threadsOf(await device));
    const tensor = new Float32Array(image.data.slice().buffer);
    return { ours, baseline: (times) => ask({ tensor, dimensions: imageShape, times, best }) };
  },
};

const transformersPhoto: Scenario = {
  ...inference,
  async prepare(nn) {
    const device = nextDevice(nn, 'wasm');
    const photo = await fetchPhoto(photoUrl);
    const { run, best } = await classifyingGuest(nn, photo);
    const ask = await startTransformers(threadsOf(await device));
    return {
      ours: run,
      async baseline(times) {
        for (let time = 0; time < times; time++) await ask({ photo, best });
      },
    };
  },
};

const tract: Scenario = {
  ...slowInference,
  prepare: async (nn) => ({
    ours: await componentGuest(nn, model, [image]),
    baseline: await tractGuest(nn, await bestClass(nn)),
  }),
};

/** The same with one thread for the library too. */
const tractOneThread: Scenario = {
  ...slowInference,
  prepare: () =>
    tract.prepare(createWasiNN({ models: { [model]: { url: squeezenetUrl, immutable: true } }, threads: 1 })),
};

/** SqueezeNet on what else a page can run it with. */
export const peerScenarios: Scenarios = {
  'a-transformers': transformers,
  'a-transformers-photo': transformersPhoto,
  'a-tract': tract,
  'a-tract-1': tractOneThread,
};
