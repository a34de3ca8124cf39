import { loadPeaks } from './memory.js';
import { pairsOnPage } from './on-page.js';
import { conversions, longestTasks } from './page-tasks.js';
import { prepareTract, prepareTransformers } from './peers.js';
import type { Goal } from './results.js';
import type { Scenario } from './scenario.js';
import { strokes } from './strokes.js';
import { coldVisits, secondVisits, warmVisits } from './visits.js';
import { againstWasmtime, findWasmtimeHost } from './wasmtime.js';
import { measureWeight } from './weight.js';

/** A scenario of `pages/scenarios.ts`, which every browser can run. */
const onPage = (goal: Goal): Scenario => ({ ...goal, measure: (bench) => pairsOnPage(bench, goal.id) });

const withFixtures = (scenario: Scenario): Scenario => ({ ...scenario, needsFixtures: true });
/** Chromium can be traced, and its processes have names. */
const inChromium = (scenario: Scenario): Scenario => ({ ...scenario, browser: 'chromium' });
/** Firefox copies what goes through a MessagePort. */
const inFirefox = (scenario: Scenario): Scenario => ({ ...scenario, browser: 'firefox' });

const inferences: readonly Scenario[] = [
  { id: 'a-cpu', title: 'SqueezeNet by a component, against onnxruntime-web in a worker (WASM)', target: 1.05 },
  { id: 'a-cpu-core', title: 'the same by a core module', target: 1.05 },
  { id: 'a-tpu', title: 'SqueezeNet by a component, against onnxruntime-web in a worker (WebNN)', target: 1.15 },
  {
    id: 'a-litert',
    title: 'birds (TensorFlow Lite) by a component, against LiteRT.js in a worker (WASM)',
    target: 1.05,
  },
  { id: 'b-cpu', title: "SqueezeNet by a component, against onnxruntime-web's defaults on the page", target: 1 },
  { id: 'b-cpu-2', title: 'the same by two components at a time', target: 1 },
  { id: 'b-cpu-4', title: 'the same by four components at a time', target: 1 },
].map((goal) => withFixtures(onPage(goal)));

/** SqueezeNet on what else a page can run it with. */
const peers: readonly Scenario[] = [
  {
    id: 'a-transformers',
    title: 'SqueezeNet, tensor to scores: by a component, against transformers.js in a worker (WASM)',
    target: 1,
    prepare: prepareTransformers,
  },
  {
    id: 'a-transformers-photo',
    title:
      'SqueezeNet, pixels to classes: by a component that resizes, against the pipeline of transformers.js in a worker',
    target: 1,
    prepare: prepareTransformers,
  },
  {
    id: 'a-tract',
    title: 'SqueezeNet by a component, against tract compiled into a core module (one thread)',
    target: 1,
    prepare: prepareTract,
  },
  { id: 'a-tract-1', title: 'the same, one thread each', target: 1, prepare: prepareTract },
].map(({ prepare, ...goal }) => withFixtures({ ...onPage(goal), prepare }));

const wasmtime = inChromium(
  withFixtures({
    id: 'a-wasmtime',
    title: "SqueezeNet by a component (WebNN), against Wasmtime's wasi-nn with native ONNX Runtime (one thread)",
    target: 1,
    prepare: findWasmtimeHost,
    measure: againstWasmtime,
  }),
);

const echoes: readonly Scenario[] = [
  { id: 'c-16MiB', title: 'echo of 16 MiB by a component, against four copies', target: 2.5 },
  { id: 'c-16MiB-core', title: 'the same by a core module', target: 2.5 },
  { id: 'c-4B-message', title: 'echo of 4 bytes by a core module, suspended, against a bare relay', target: 1.5 },
  { id: 'c-4B-blocking', title: 'echo of 4 bytes by a core module, blocking, against a bare relay', target: 1.5 },
  { id: 'c-4B-message-component', title: 'the same by a component, suspended', target: 1.5 },
  { id: 'c-4B-blocking-component', title: 'the same by a component, blocking', target: 1.5 },
].map(onPage);

const throughPort = inFirefox(
  onPage({
    id: 'c-16MiB-port',
    title: 'echo of 16 MiB by a core module, blocking, against 16 MiB through a MessagePort and back',
    target: 0.2,
  }),
);

const loads: readonly Scenario[] = [
  onPage({ id: 'd-chain', title: 'four graphs on WebNN that leave 4 MiB there, against bytes', target: 0.5 }),
  withFixtures(
    onPage({ id: 'd-warm-squeezenet', title: 'load by name from the cache, against create(url)', target: 1.1 }),
  ),
  onPage({ id: 'd-warm-large', title: 'the same with a model of 200 MB', target: 1.1 }),
  onPage({ id: 'e-download', title: '200 MB at 400 Mbit/s into the cache, against fetch', target: 1.1 }),
];

const memory: readonly Scenario[] = (['cold', 'cached'] as const).map((state) =>
  inChromium({
    id: `f-memory-${state}`,
    title: `peak of a page that loads 200 MB (${state}), against create(url)`,
    target: 10,
    unit: 'MB',
    measure: (bench) => loadPeaks(bench, state),
  }),
);

const weights: readonly Scenario[] = [
  { id: 'g-weight-page', title: 'before first use', target: 12_000 },
  { id: 'g-weight-prepared', title: 'a component on cpu, transpiled by the plugin', target: 3_200_000 },
  { id: 'g-weight-component', title: 'a component on cpu, transpiled in the page', target: 4_200_000 },
].map((goal) => inChromium({ ...goal, unit: 'bytes', measure: () => measureWeight(goal.title) }));

const importers: readonly Scenario[] = [
  { id: 'i-road-segmentation', title: 'road-segmentation (OpenVINO) to ONNX in a worker', target: 250 },
  { id: 'i-squeezenet-openvino', title: 'SqueezeNet (OpenVINO) to ONNX in a worker', target: 150 },
  { id: 'i-squeezenet-pytorch', title: 'SqueezeNet (TorchScript) to ONNX in a worker', target: 150 },
].map((goal) => withFixtures({ ...goal, measure: (bench) => conversions(bench, goal.id) }));

const scale: readonly Scenario[] = [
  withFixtures(onPage({ id: 'i-scale-2', title: 'SqueezeNet by two guests, against one', target: 1.05 })),
  withFixtures(onPage({ id: 'i-scale-4', title: 'SqueezeNet by four guests, against one', target: 1.05 })),
  withFixtures(onPage({ id: 'i-scale-8', title: 'SqueezeNet by eight guests, against one', target: 1.05 })),
  onPage({ id: 'i-scale-tensors', title: 'digits after 10,000 computations, against a new guest', target: 1.05 }),
];

const visits: readonly Scenario[] = [
  { id: 'j-cold', title: 'first visit to first label, component', target: 1.15, page: 'start-component' } as const,
  { id: 'j-cold-core', title: 'first visit to first label, core module', target: 1.15, page: 'start-core' } as const,
].map(({ page, ...goal }): Scenario => ({ ...goal, measure: (bench) => coldVisits(bench, page) }));

const laterVisits: readonly Scenario[] = [
  { id: 'j-warm', title: 'later visit to first label, component', target: 1.15, page: 'start-component' } as const,
  { id: 'j-warm-core', title: 'later visit to first label, core module', target: 1.15, page: 'start-core' } as const,
].map(({ page, ...goal }): Scenario => ({ ...goal, measure: (bench) => warmVisits(bench, page) }));

const transpilation: Scenario = {
  id: 'k-transpile',
  title: 'second visit of a component, against the first, which transpiles it',
  target: 0.5,
  measure: (bench) => secondVisits(bench, 'start-component'),
};

const smallModels: readonly Scenario[] = [
  onPage({ id: 'l-small-digits', title: 'digits by a component, against a worker', target: 1.15 }),
  withFixtures(
    onPage({ id: 'l-small-silero', title: 'a step of silero by a component, against a worker', target: 1.15 }),
  ),
  withFixtures(
    onPage({ id: 'l-small-litert', title: 'MobileNet of 96 × 96 (TensorFlow Lite) by a component', target: 1.15 }),
  ),
];

const texts: readonly Scenario[] = [
  {
    id: 'm-text-first',
    title: 'first token by a core module (compute_single), against wllama in a worker',
    target: 1.1,
  },
  { id: 'm-text-tokens', title: 'each of 100 tokens by a core module, against wllama in a worker', target: 1.25 },
  { id: 'm-text-beside', title: 'SqueezeNet while a text is written, against none, on one thread each', target: 1.3 },
].map((goal) => withFixtures(onPage(goal)));

export const scenarios: readonly Scenario[] = [
  ...inferences,
  ...peers,
  wasmtime,
  ...echoes,
  throughPort,
  ...loads,
  ...memory,
  ...weights,
  inChromium(
    withFixtures({
      id: 'h-longtask',
      title: "the page's longest task in a cold load and 20 computes, in ms of its processor's time",
      target: 50,
      measure: longestTasks,
    }),
  ),
  ...importers,
  ...scale,
  ...[...visits, ...laterVisits, transpilation].map((scenario) => inChromium(withFixtures(scenario))),
  ...smallModels,
  ...texts,
  inChromium({
    id: 'm-stroke',
    title: 'the demo: from the end of a stroke to the painted answer, cpu, model loaded; every stroke',
    target: 100,
    isForEverySample: true,
    measure: strokes,
  }),
];
