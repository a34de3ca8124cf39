import { model, node, value } from '../../src/backends/onnx/model.fixture.js';
import { createWasiNN, type Device, type ExecutionTarget, type ModelsOption, type WasiNN } from '../../src/index.js';
import { fourCopies, postMessageRoundTrip, type Runner, rawInWorker, rawOnMainThread } from './baselines.js';
import { measureInPairs, type Plan, type Samples } from './measure.js';
import { chainingGuest, componentGuest, coreGuest, type Input } from './ours.js';

export { measureConversion } from './conversion.js';

interface Scenario extends Plan {
  prepare(nn: WasiNN): Promise<{ readonly ours: Runner; readonly baseline: Runner }>;
}

const squeezenetUrl = '/fixtures/models/squeezenet.onnx';
const imageShape = [1, 3, 224, 224];
const classes = 1000;
const echoBytes = 16 << 20;

const chained = 1 << 20;

/** Twice as much of each of its numbers. */
const double = model({
  nodes: [node('Add', ['x', 'x'], ['y'])],
  inputs: [value('x', [chained])],
  outputs: [value('y', [chained])],
});

const models: ModelsOption = {
  'squeezenet/cpu': { url: squeezenetUrl, target: 'cpu' },
  'squeezenet/tpu': { url: squeezenetUrl, target: 'tpu' },
  echo: { backend: 'echo' },
};

const image: Input = {
  name: 'data',
  ty: 'FP32',
  dimensions: imageShape,
  data: new Uint8Array(Float32Array.from({ length: 3 * 224 * 224 }, (_, index) => Math.sin(index)).buffer),
};

const echo = (byteLength: number): Input => ({
  name: '0',
  ty: 'U8',
  dimensions: [byteLength],
  data: new Uint8Array(byteLength).fill(7),
});

const inference: Plan = { pairs: 40, times: 5, warmUp: 15 };
const largeEcho: Plan = { pairs: 30, times: 1, warmUp: 3 };
const smallEcho: Plan = { pairs: 60, times: 500, warmUp: 10_000 };

const scenarios: Readonly<Record<string, Scenario>> = {
  'a-cpu': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'wasm');
      const ours = await componentGuest(nn, 'squeezenet/cpu', image);
      return { ours, baseline: await rawInWorker(await rawStart('wasm', 'wasm', threadsOf(await device))) };
    },
  },
  'a-cpu-core': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'wasm');
      const ours = await coreGuest(nn, 'squeezenet/cpu', image, classes * 4);
      return { ours, baseline: await rawInWorker(await rawStart('wasm', 'wasm', threadsOf(await device))) };
    },
  },
  'a-tpu': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'webnn');
      const ours = await componentGuest(nn, 'squeezenet/tpu', image);
      await device;
      const webnn = { name: 'webnn', deviceType: 'npu', powerPreference: 'low-power' } as const;
      return { ours, baseline: await rawInWorker(await rawStart('jspi', webnn, await cpuThreads())) };
    },
  },
  'b-cpu': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'wasm');
      const ours = await componentGuest(nn, 'squeezenet/cpu', image);
      return { ours, baseline: await rawOnMainThread(await rawStart('wasm', 'wasm', threadsOf(await device))) };
    },
  },
  'c-16MiB': {
    ...largeEcho,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', echo(echoBytes)),
      baseline: await fourCopies(echoBytes),
    }),
  },
  'c-16MiB-core': {
    ...largeEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(echoBytes), echoBytes),
      baseline: await fourCopies(echoBytes),
    }),
  },
  'c-4B-message': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(4), 4, { waiting: 'suspend' }),
      baseline: await postMessageRoundTrip(),
    }),
  },
  'c-4B-blocking': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await coreGuest(nn, 'echo', echo(4), 4, { waiting: 'block' }),
      baseline: await postMessageRoundTrip(),
    }),
  },
  'c-4B-message-component': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', echo(4), { waiting: 'suspend' }),
      baseline: await postMessageRoundTrip(),
    }),
  },
  'c-4B-blocking-component': {
    ...smallEcho,
    prepare: async (nn) => ({
      ours: await componentGuest(nn, 'echo', echo(4), { waiting: 'block' }),
      baseline: await postMessageRoundTrip(),
    }),
  },
  'd-chain': {
    ...largeEcho,
    async prepare(nn) {
      // Only here: where outputs may stay, suspended components take a little longer.
      nn.models.add({
        'double/device': { data: double, target: 'tpu', outputs: 'device' },
        'double/bytes': { data: double, target: 'tpu' },
      });
      const device = nextDevice(nn, 'webnn');
      const input: Input = { name: 'x', ty: 'FP32', dimensions: [chained], data: new Uint8Array(4 * chained) };
      const ours = await chainingGuest(nn, 'double/device', input);
      await device;
      return { ours, baseline: await chainingGuest(nn, 'double/bytes', input) };
    },
  },
};

/** Runs one scenario on this page. */
export async function runScenario(id: string): Promise<Samples> {
  const scenario = scenarios[id];
  if (!scenario) throw new Error(`there is no scenario ${id}`);
  const { ours, baseline } = await scenario.prepare(createWasiNN({ models }));
  return measureInPairs(ours, baseline, scenario);
}

/** What the graphs of each execution target run on here. */
export async function describeDevices(): Promise<Record<ExecutionTarget, string>> {
  const [cpu, gpu, tpu] = await Promise.all([deviceFor('cpu'), deviceFor('gpu'), deviceFor('tpu')]);
  return { cpu: cpu.description, gpu: gpu.description, tpu: tpu.description };
}

async function deviceFor(target: ExecutionTarget): Promise<Device> {
  const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', target } }, allowSoftwareAdapter: true });
  const { device } = await nn.loadByName('digits');
  nn.dispose();
  return device;
}

/**
 * The device of the graph that is loaded next.
 *
 * @throws Error where it is another than what is to be measured
 */
function nextDevice(nn: WasiNN, provider: Device['provider']): Promise<Device> {
  return new Promise((resolve, reject) => {
    const take = (device: Device) =>
      device.provider === provider
        ? resolve(device)
        : reject(new Error(`expected a graph on ${provider}, but it runs on ${device.description}`));
    nn.addEventListener('load', ({ detail }) => take(detail.device), { once: true });
  });
}

/** As many threads as the library's own graph has: the baseline gets the same. */
function threadsOf({ description }: Device): number {
  const [, threads] = /(\d+) thread/.exec(description) ?? [];
  if (threads === undefined) throw new Error(`"${description}" tells no number of threads`);
  return Number(threads);
}

async function cpuThreads(): Promise<number> {
  return threadsOf(await deviceFor('cpu'));
}

type Start = Parameters<typeof rawInWorker>[0];

async function rawStart(build: Start['build'], provider: Start['provider'], threads: number): Promise<Start> {
  const model = new Uint8Array(await (await fetch(squeezenetUrl)).arrayBuffer());
  const data = new Float32Array(image.data.slice().buffer);
  return { build, provider, model, threads, input: { name: image.name, data, dims: imageShape } };
}
