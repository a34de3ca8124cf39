import { model, node, value } from '../../src/backends/onnx/model.fixture.js';
import type { Device, WasiNN } from '../../src/index.js';
import { liteRtInWorker, type Runner, rawInWorker, rawOnMainThread } from './baselines.js';
import { cpuThreads, nextDevice, threadsOf } from './devices.js';
import { classes, image, squeezenetUrl } from './image.js';
import type { Input } from './input.js';
import { inference, type Plan } from './measure.js';
import { chainingGuest, componentGuest, coreGuest } from './ours.js';
import type { StartMessage } from './raw-worker.js';
import type { Scenario, Scenarios } from './scenario.js';

const chained = 1 << 20;
const sileroUrl = '/fixtures/models/silero_vad.onnx';
const digitsUrl = '/models/digits.onnx';
const birdsUrl = '/fixtures/models/birds.tflite';
const mobileNetUrl = '/fixtures/encodings/tflite/mobilenet_v2_float16.tflite';

const smallInference: Plan = { pairs: 40, times: 200, warmUp: 2000 };
const several: Plan = { pairs: 30, times: 8, warmUp: 16 };
const manyCalls: Plan = { pairs: 30, times: 200, warmUp: 0 };

/** Twice as much of each of its numbers. */
const double = model({
  nodes: [node('Add', ['x', 'x'], ['y'])],
  inputs: [value('x', [chained])],
  outputs: [value('y', [chained])],
});

const drawnDigit: Input = {
  name: 'image',
  ty: 'FP32',
  dimensions: [1, 1, 28, 28],
  data: new Uint8Array(Float32Array.from({ length: 28 * 28 }, (_, index) => (index % 28) / 28).buffer),
};

/** One step of speech detection: 512 samples after 64 of the step before, at 16 kHz. */
const speech: readonly Input[] = [
  { name: 'input', ty: 'FP32', dimensions: [1, 576], data: new Uint8Array(576 * 4) },
  { name: 'state', ty: 'FP32', dimensions: [2, 1, 128], data: new Uint8Array(256 * 4) },
  { name: 'sr', ty: 'I64', dimensions: [], data: new Uint8Array(BigInt64Array.of(16_000n).buffer) },
];

const small = (url: string, name: string, inputs: readonly Input[]): Scenario => ({
  ...smallInference,
  async prepare(nn) {
    const device = nextDevice(nn, 'wasm');
    const ours = await componentGuest(nn, name, inputs);
    return { ours, baseline: await rawInWorker(await rawStart('wasm', 'wasm', await threads(device), url, inputs)) };
  },
});

/** A TensorFlow Lite model with one input, by a component and by LiteRT.js alone. */
const liteRt = (plan: Plan, url: string, { ty, dimensions }: Pick<Input, 'ty' | 'dimensions'>): Scenario => ({
  ...plan,
  async prepare(nn) {
    nn.models.add({ [url]: { url, encoding: 'tensorflowlite', target: 'cpu', immutable: true } });
    const graph = await nn.loadByName(url);
    const [declared] = graph.inputs === 'any' ? [] : graph.inputs;
    if (!declared) throw new Error(`the model ${url} declares no input`);
    const elements = dimensions.reduce((product, length) => product * length, 1);
    const data = new Uint8Array(elements * (ty === 'FP32' ? 4 : 1));
    const ours = await componentGuest(nn, url, [{ name: declared.name, ty, dimensions, data }]);
    const model = new Uint8Array(await (await fetch(url)).arrayBuffer());
    return { ours, baseline: await liteRtInWorker({ model, threads: threadsOf(graph.device), input: data }) };
  },
});

/** So many guests, which compute at the same time. */
async function guests(nn: WasiNN, count: number): Promise<Runner> {
  const runners: Runner[] = [];
  while (runners.length < count) runners.push(await componentGuest(nn, 'squeezenet/cpu', [image]));
  return async (times) => {
    await Promise.all(runners.map((run) => run(times / count)));
  };
}

const scale = (count: number): Scenario => ({
  ...several,
  prepare: async (nn) => ({ ours: await guests(nn, count), baseline: await guests(nn, 1) }),
});

const onPage = (count: number): Scenario => ({
  ...(count === 1 ? inference : several),
  async prepare(nn) {
    const device = nextDevice(nn, 'wasm');
    const ours = await guests(nn, count);
    return { ours, baseline: await rawOnMainThread(await rawStart('wasm', 'wasm', await threads(device))) };
  },
});

/** Inferences, by guests and by onnxruntime-web alone. */
export const inferenceScenarios: Scenarios = {
  'a-cpu': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'wasm');
      const ours = await componentGuest(nn, 'squeezenet/cpu', [image]);
      return { ours, baseline: await rawInWorker(await rawStart('wasm', 'wasm', await threads(device))) };
    },
  },
  'a-cpu-core': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'wasm');
      const ours = await coreGuest(nn, 'squeezenet/cpu', image, classes * 4);
      return { ours, baseline: await rawInWorker(await rawStart('wasm', 'wasm', await threads(device))) };
    },
  },
  'a-tpu': {
    ...inference,
    async prepare(nn) {
      const device = nextDevice(nn, 'webnn');
      const ours = await componentGuest(nn, 'squeezenet/tpu', [image]);
      await device;
      const webnn = { name: 'webnn', deviceType: 'npu', powerPreference: 'low-power' } as const;
      return { ours, baseline: await rawInWorker(await rawStart('jspi', webnn, await cpuThreads())) };
    },
  },
  'a-litert': liteRt(inference, birdsUrl, { ty: 'U8', dimensions: [1, 224, 224, 3] }),
  'b-cpu': onPage(1),
  'b-cpu-2': onPage(2),
  'b-cpu-4': onPage(4),
  'd-chain': {
    pairs: 30,
    times: 1,
    warmUp: 3,
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
  'i-scale-2': scale(2),
  'i-scale-4': scale(4),
  'i-scale-8': scale(8),
  'i-scale-tensors': {
    ...manyCalls,
    async prepare(nn) {
      const ours = await componentGuest(nn, 'digits', [drawnDigit]);
      await ours(10_000);
      const baseline = await componentGuest(nn, 'digits', [drawnDigit]);
      await baseline(1000);
      return { ours, baseline };
    },
  },
  'l-small-digits': small(digitsUrl, 'digits', [drawnDigit]),
  'l-small-silero': small(sileroUrl, 'silero', speech),
  'l-small-litert': liteRt(smallInference, mobileNetUrl, { ty: 'FP32', dimensions: [1, 96, 96, 3] }),
};

async function threads(device: Promise<Device>): Promise<number> {
  return threadsOf(await device);
}

async function rawStart(
  build: StartMessage['build'],
  provider: StartMessage['provider'],
  threadCount: number,
  url: string = squeezenetUrl,
  inputs: readonly Input[] = [image],
): Promise<StartMessage> {
  const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return { build, provider, model: bytes, threads: threadCount, inputs };
}
