import { messageOf, WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget, GraphBuilder } from '../../standard/graph.js';
import {
  maximumConfigurationBytes,
  parseTextConfiguration,
  type TextConfiguration,
} from '../../standard/text-configuration.js';
import type { Device, FallbackPolicy, FallbackStep, LoadOptions, TextGraph } from '../backend.js';
import { allowedCandidates } from '../fallback-graph.js';
import { inTime, type ProviderOptions, unavailable } from '../runtime-module.js';
import { findAdapter } from '../webgpu.js';
import { type GgufDescription, readGguf } from './gguf.js';
import { type Llama, startLlama } from './llama.js';
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
 * @throws WasiNNError as `Backend.load` does
 */
export async function loadTextModel(
  parts: readonly GraphBuilder[],
  { target, fallback = true }: LoadOptions,
  options: ProviderOptions,
): Promise<TextGraph> {
  const model = readParts(parts);
  const module = await importWllama(wllamaFiles());
  const blobs = model.files.map((file) => new Blob([file]));
  const { gguf, configuration } = model;
  const open = (settings: TextConfiguration) => choose({ module, blobs, gguf, settings, target, fallback, options });
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
    },
    generate: runner.generate,
    dispose: async () => runner.dispose(),
  };
}

interface Parts {
  readonly files: readonly GraphBuilder[];
  readonly gguf: GgufDescription;
  readonly configuration: TextConfiguration;
}

/** The last part may be a configuration, as WasmEdge has it. */
function readParts(parts: readonly GraphBuilder[]): Parts {
  const last = parts.at(-1);
  const hasConfiguration = last !== undefined && parts.length > 1 && last[0] !== 'G'.charCodeAt(0);
  const files = hasConfiguration ? parts.slice(0, -1) : parts;
  const [first] = files;
  if (!first) throw new WasiNNError('invalid-argument', 'load: no GGUF file came');
  const gguf = readGguf(first);
  if (gguf.splitCount !== files.length) {
    const text = `load: the model is split into ${gguf.splitCount} GGUF files, but ${files.length} came: give all of them as parts, in their order`;
    throw new WasiNNError('invalid-argument', text);
  }
  return { files, gguf, configuration: hasConfiguration ? readConfiguration(last) : {} };
}

function readConfiguration(part: GraphBuilder): TextConfiguration {
  if (part.byteLength > maximumConfigurationBytes) {
    const text = `load: the configuration has ${part.byteLength} bytes, more than ${maximumConfigurationBytes}`;
    throw new WasiNNError('too-large', text);
  }
  return parseTextConfiguration('load', new TextDecoder().decode(part));
}

interface Choice {
  readonly llama: Llama;
  readonly device: Device;
  readonly steps: readonly FallbackStep[];
}

interface ChoiceOptions {
  readonly module: WllamaModule;
  readonly blobs: readonly Blob[];
  readonly gguf: GgufDescription;
  readonly settings: TextConfiguration;
  readonly target: ExecutionTarget;
  readonly fallback: FallbackPolicy;
  readonly options: ProviderOptions;
}

/** Loads the model on the first device that takes it. Guests of WasmEdge choose by "n-gpu-layers", whatever the target. */
async function choose({ module, blobs, gguf, settings, target, fallback, options }: ChoiceOptions): Promise<Choice> {
  const layers = numberOf(settings['n-gpu-layers']);
  const chain = layers === undefined ? chains[target] : layers === 0 ? chains.cpu : chains.gpu;
  const candidates = allowedCandidates(chain, fallback);
  const steps: FallbackStep[] = [];
  for (const [index, { provider, target: place, find }] of candidates.entries()) {
    try {
      const { description, usesGpu } = await find(options);
      const parameters = toLoadParameters(settings, gguf, usesGpu ? (layers ?? allLayers) : 0);
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
