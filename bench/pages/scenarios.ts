import { createWasiNN, type ExecutionTarget, type WasiNN } from '../../src/index.js';
import { fourCopies, postMessageRoundTrip, type Runner, rawInWorker, rawOnMainThread } from './baselines.js';
import { measureInPairs, type Samples } from './measure.js';
import { componentGuest, coreGuest, type Input } from './ours.js';

interface Scenario {
  readonly pairs: number;
  /** How many inferences make one sample. */
  readonly times: number;
  prepare(nn: WasiNN): Promise<{ readonly ours: Runner; readonly baseline: Runner }>;
}

const squeezenetUrl = '/fixtures/models/squeezenet.onnx';
const imageShape = [1, 3, 224, 224];
const classes = 1000;
const echoBytes = 16 << 20;

const image: Input = {
  name: 'data',
  ty: 'FP32',
  dimensions: imageShape,
  data: new Uint8Array(Float32Array.from({ length: 3 * 224 * 224 }, (_, index) => Math.sin(index)).buffer),
};

const echo = (byteLength: number): Input => ({
  name: 'in',
  ty: 'U8',
  dimensions: [byteLength],
  data: new Uint8Array(byteLength).fill(7),
});

const scenarios: Readonly<Record<string, Scenario>> = {
  'a-cpu': {
    pairs: 40,
    times: 5,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'squeezenet/cpu', image),
      baseline: await rawSqueezenet('wasm', 'wasm'),
    }),
  },
  'a-cpu-core': {
    pairs: 40,
    times: 5,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'squeezenet/cpu', image, classes * 4),
      baseline: await rawSqueezenet('wasm', 'wasm'),
    }),
  },
  'a-tpu': {
    pairs: 40,
    times: 5,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'squeezenet/tpu', image),
      baseline: await rawSqueezenet('jspi', { name: 'webnn', deviceType: 'npu', powerPreference: 'low-power' }),
    }),
  },
  'b-cpu': {
    pairs: 40,
    times: 5,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'squeezenet/cpu', image),
      baseline: await rawOnMainThread(await rawStart('wasm', 'wasm')),
    }),
  },
  'c-16MiB': {
    pairs: 30,
    times: 1,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', echo(echoBytes)),
      baseline: await fourCopies(echoBytes),
    }),
  },
  'c-4B-message': {
    pairs: 60,
    times: 50,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', echo(4), { waiting: 'suspend' }),
      baseline: await postMessageRoundTrip(),
    }),
  },
  'c-4B-blocking': {
    pairs: 60,
    times: 50,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', echo(4), { waiting: 'block' }),
      baseline: await postMessageRoundTrip(),
    }),
  },
};

/** Runs one scenario on this page. */
export async function runScenario(id: string): Promise<Samples> {
  const scenario = scenarios[id];
  if (!scenario) throw new Error(`there is no scenario ${id}`);
  const entry = (target: ExecutionTarget) => ({ url: squeezenetUrl, target });
  const nn = createWasiNN({
    models: { 'squeezenet/cpu': entry('cpu'), 'squeezenet/tpu': entry('tpu'), echo: '/echo.onnx' },
  });
  const { ours, baseline } = await scenario.prepare(nn);
  return measureInPairs(ours, baseline, scenario.pairs, scenario.times);
}

async function rawSqueezenet(...settings: Parameters<typeof rawStart>): Promise<Runner> {
  return rawInWorker(await rawStart(...settings));
}

type Start = Parameters<typeof rawInWorker>[0];

async function rawStart(build: Start['build'], provider: Start['provider']): Promise<Start> {
  const model = new Uint8Array(await (await fetch(squeezenetUrl)).arrayBuffer());
  const threads = Math.min(8, navigator.hardwareConcurrency);
  const data = new Float32Array(image.data.slice().buffer);
  return { build, provider, model, threads, input: { name: image.name, data, dims: imageShape } };
}
