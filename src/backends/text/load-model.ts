import { messageOf, WasiNNError } from '../../standard/error.js';
import { free } from '../../standard/free.js';
import type { ExecutionTarget, GraphBuilder } from '../../standard/graph.js';
import type { TextConfiguration } from '../../standard/text-configuration.js';
import type { Device, FallbackPolicy, FallbackStep, LoadOptions, TextGraph } from '../backend.js';
import { allowedCandidates } from '../fallback-graph.js';
import { inTime, type ProviderOptions, unavailable } from '../runtime-module.js';
import { findAdapter } from '../webgpu.js';
import { type Llama, startLlama } from './llama.js';
import { type ModelParts, readParts } from './model-parts.js';
import { numberOf, toLoadParameters } from './parameters.js';
import { createTextRunner } from './text-graph.js';
import { wllamaFiles } from './wllama-files.js';
import { importWllama, type WllamaModule } from './wllama-module.js';
import { releaseWorkerScripts } from './worker-scripts.js';

// Once for the thread: this module runs in the engine for language models alone.
releaseWorkerScripts();

/** As many layers as any model has. */
const allLayers = 99_999;

/** One way to run a model. */
interface Place extends Pick<Device, 'provider' | 'target'> {
  /** @throws WasiNNError that says why the browser or the machine does not permit it */
  find(options: ProviderOptions): Promise<{ readonly description: string; readonly usesGpu: boolean }>;
}

const onWasm: Place = {
  provider: 'wasm',
  target: 'cpu',
  find: async () => ({ description: 'WebAssembly SIMD', usesGpu: false }),
};

const onWebGPU: Place = {
  provider: 'webgpu',
  target: 'gpu',
  async find(options) {
    const { description } = await inTime(findAdapter(options), 'WebGPU').catch(unavailable);
    return { description: `WebGPU, ${description}`, usesGpu: true };
  },
};

const onWebNN: Place = {
  provider: 'webnn',
  target: 'tpu',
  find: async () => {
    throw new WasiNNError('unsupported-operation', 'llama.cpp drives no NPU in a browser');
  },
};

/** What is tried for each execution target, in this order. */
const chains: Readonly<Record<ExecutionTarget, readonly Place[]>> = {
  cpu: [onWasm],
  gpu: [onWebGPU, onWasm],
  tpu: [onWebNN, onWebGPU, onWasm],
};

/**
 * Loads a language model from GGUF files, on wllama, which a page has installed beside this library. Each graph has an
 * instance of its own, in a worker of its own.
 *
 * @param parts whose memory is given back: they are empty afterwards
 * @throws WasiNNError as `Backend.load` does
 */
export async function loadTextModel(
  parts: readonly GraphBuilder[],
  { target, fallback = true }: LoadOptions,
  options: ProviderOptions,
): Promise<TextGraph> {
  const { files, ...model } = readParts(parts);
  const { gguf, configuration } = model;
  const module = await importWllama(wllamaFiles());
  const blobs = files.map((file) => new Blob([file]));
  // llama.cpp reads the Blobs, which the browser keeps outside of the page's process if it can.
  for (const file of files) free(file);
  const open = (settings: TextConfiguration) => choose({ module, blobs, model, settings, target, fallback, options });
  const first = await open(configuration);
  let { device } = first;
  const runner = createTextRunner({
    configuration,
    llama: first.llama,
    tokenText: gguf.tokenText,
    async open(settings) {
      const opened = await open(settings);
      device = opened.device;
      return opened.llama;
    },
  });
  return {
    inputs: 'any',
    outputs: ['0', '1'].map((name) => ({ name, type: 'U8', shape: ['bytes'] })),
    get device() {
      return device;
    },
    fallback: first.steps,
    text: {
      buildNumber: module.buildNumber,
      commit: module.commit,
      contextTokens: first.llama.model.contextTokens,
      takesImages: first.llama.model.mediaMarker !== undefined,
    },
    generate: runner.generate,
    dispose: async () => runner.dispose(),
  };
}

interface Choice {
  readonly llama: Llama;
  readonly device: Device;
  readonly steps: readonly FallbackStep[];
}

interface ChoiceOptions {
  readonly module: WllamaModule;
  readonly blobs: readonly Blob[];
  readonly model: Omit<ModelParts, 'files'>;
  readonly settings: TextConfiguration;
  readonly target: ExecutionTarget;
  readonly fallback: FallbackPolicy;
  readonly options: ProviderOptions;
}

/** Loads the model on the first device that takes it. Guests of WasmEdge choose by "n-gpu-layers", whatever the target. */
async function choose({ module, blobs, model, settings, target, fallback, options }: ChoiceOptions): Promise<Choice> {
  const layers = numberOf(settings['n-gpu-layers']);
  const chain = layers === undefined ? chains[target] : layers === 0 ? chains.cpu : chains.gpu;
  const candidates = allowedCandidates(chain, fallback);
  const steps: FallbackStep[] = [];
  for (const [index, { provider, target: place, find }] of candidates.entries()) {
    try {
      const { description, usesGpu } = await find(options);
      const parameters = toLoadParameters(settings, model, usesGpu ? (layers ?? allLayers) : 0);
      const llama = await startLlama(module, blobs, parameters);
      const threads = llama.threads === 1 ? '1 thread' : `${llama.threads} threads`;
      return { llama, device: { target: place, provider, description: `${description}, ${threads}` }, steps };
    } catch (cause) {
      if (index === candidates.length - 1) throw cause;
      steps.push({ provider, target: place, reason: messageOf(cause) });
    }
  }
  throw new WasiNNError('unsupported-operation', `load: the page allows no device for the target ${target} (fallback)`);
}
