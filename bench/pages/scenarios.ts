import { createWasiNN, type ModelsOption } from '../../src/index.js';
import { echoScenarios } from './echo-scenarios.js';
import { squeezenetUrl } from './image.js';
import { inferenceScenarios } from './inference-scenarios.js';
import { largeModels, loadScenarios } from './load-scenarios.js';
import { measureInPairs, type Samples } from './measure.js';
import { peerScenarios } from './peer-scenarios.js';
import type { Scenarios } from './scenario.js';
import { textScenarios, tinyTextUrl } from './text-scenarios.js';

export { measureConversion } from './conversion.js';
export { describeDevices } from './devices.js';
export { prepareLargeLoad, prepareRawLargeLoad } from './load-scenarios.js';

const scenarios: Scenarios = {
  ...inferenceScenarios,
  ...peerScenarios,
  ...echoScenarios,
  ...loadScenarios,
  ...textScenarios,
};

const models = {
  'squeezenet/cpu': { url: squeezenetUrl, target: 'cpu', immutable: true },
  'squeezenet/tpu': { url: squeezenetUrl, target: 'tpu', immutable: true },
  digits: { url: '/models/digits.onnx', immutable: true },
  silero: { url: '/fixtures/models/silero_vad.onnx', immutable: true },
  tiny: { url: tinyTextUrl, immutable: true },
  echo: { backend: 'echo' },
} satisfies ModelsOption;

export interface RunOptions {
  /** The digest of the large model, where the scenario needs it. */
  readonly sha256?: string | undefined;
  /** Which part of the samples is taken: a quick run takes fewer. Default 1. */
  readonly share?: number;
}

/** Runs one scenario on this page. */
export async function runScenario(id: string, { sha256, share = 1 }: RunOptions = {}): Promise<Samples> {
  const scenario = scenarios[id];
  if (!scenario) throw new Error(`there is no scenario ${id}`);
  const nn = createWasiNN({ models: { ...models, ...(sha256 ? largeModels(sha256) : {}) } });
  const { ours, baseline } = await scenario.prepare(nn);
  const { pairs, times, warmUp } = scenario;
  const few = (count: number) => Math.min(count, Math.max(8, Math.round(count * share)));
  const samples = await measureInPairs(ours, baseline, { pairs: few(pairs), times, warmUp: few(warmUp) });
  nn.dispose();
  return samples;
}
