import { measureInPairs, type Plan, type Samples } from '../../bench/pages/measure.js';
import { createWasiNN, type Graph, type WasiNN } from '../../src/index.js';

/** Does something so many times. */
type Runner = (times: number) => Promise<void>;

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** The two sides, in words. */
  readonly ours: string;
  readonly baseline: string;
  readonly plan: Plan;
  prepare(nn: WasiNN): Promise<{ readonly ours: Runner; readonly baseline: Runner }>;
}

interface Input {
  readonly name: string;
  readonly ty: 'FP32' | 'U8';
  readonly dimensions: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What is used of the guest `probe`. */
interface ProbeExports {
  loadByName(name: string): Promise<number>;
  initContext(graph: number): Promise<number>;
  computeRepeatedly(context: number, inputs: readonly Input[], times: number): Promise<unknown>;
}

const large = 16 << 20;

const digit: Input = {
  name: 'image',
  ty: 'FP32',
  dimensions: [1, 1, 28, 28],
  data: new Uint8Array(Float32Array.from({ length: 784 }, (_, index) => Math.sin(index)).buffer),
};

const echo = (byteLength: number): Input => ({
  name: '0',
  ty: 'U8',
  dimensions: [byteLength],
  data: new Uint8Array(byteLength).fill(7),
});

export const scenarios: readonly Scenario[] = [
  {
    id: 'digits',
    title: 'Digits on the processor',
    ours: 'a component computes',
    baseline: 'the page computes, without a guest',
    plan: { pairs: 30, times: 10, warmUp: 60 },
    prepare: async (nn) => ({
      ours: await probe(nn, 'digits', digit),
      baseline: repeat(await nn.loadByName('digits')),
    }),
  },
  {
    id: 'small',
    title: '4 bytes to the engine and back',
    ours: 'a component computes with an echo for a model',
    baseline: 'postMessage to a worker and back',
    plan: { pairs: 30, times: 100, warmUp: 1000 },
    prepare: async (nn) => ({ ours: await probe(nn, 'echo', echo(4)), baseline: messages(4) }),
  },
  {
    id: 'large',
    title: '16 MiB to the engine and back',
    ours: 'a component computes with an echo for a model',
    baseline: 'postMessage to a worker and back, copied',
    plan: { pairs: 15, times: 1, warmUp: 2 },
    prepare: async (nn) => ({ ours: await probe(nn, 'echo', echo(large)), baseline: messages(large) }),
  },
];

/** Runs a scenario, with engines of its own. @returns the times of both sides, in ms */
export async function measure({ plan, prepare }: Scenario): Promise<Samples> {
  const nn = createWasiNN({
    models: { echo: { backend: 'echo' }, digits: { url: '../models/digits.onnx', target: 'cpu' } },
  });
  try {
    const { ours, baseline } = await prepare(nn);
    return await measureInPairs(ours, baseline, plan);
  } finally {
    nn.dispose();
  }
}

async function probe(nn: WasiNN, model: string, input: Input): Promise<Runner> {
  const component = new URL('../../guests/probe.component.wasm', import.meta.url);
  const { exports } = await nn.instantiate<ProbeExports>(component);
  const context = await exports.initContext(await exports.loadByName(model));
  return async (times) => {
    await exports.computeRepeatedly(context, [input], times);
  };
}

function repeat(graph: Graph): Runner {
  const { name, dimensions, data } = digit;
  return async (times) => {
    for (let time = 0; time < times; time++) await graph.compute({ [name]: { dimensions, data, type: 'FP32' } });
  };
}

function messages(byteLength: number): Runner {
  const source = 'onmessage = ({ data }) => postMessage(data);';
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  const bytes = new Uint8Array(byteLength).fill(7);
  return async (times) => {
    for (let time = 0; time < times; time++) {
      await new Promise((resolve) => {
        worker.onmessage = resolve;
        worker.postMessage(bytes);
      });
    }
  };
}
