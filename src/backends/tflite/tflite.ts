import { WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget, GraphBuilder } from '../../standard/graph.js';
import type { Backend } from '../backend.js';
import { allowedCandidates, createFallbackGraph } from '../fallback-graph.js';
import type { ProviderOptions } from '../runtime-module.js';
import type { SessionCandidate } from '../session.js';
import { toLoadError } from './errors.js';
import { litertFiles } from './litert-files.js';
import { readModel } from './model.js';
import { onWasm, onWebGPU, onWebNN, type Place } from './providers.js';
import { type FilesByVariant, heapBytes } from './runtimes.js';
import { openSession } from './session.js';

/** What is tried for each execution target, in this order: as for ONNX models. */
const chains: Readonly<Record<ExecutionTarget, readonly Place[]>> = {
  cpu: [onWasm],
  gpu: [onWebGPU, onWasm],
  tpu: [onWebNN('npu', 'tpu'), onWebNN('gpu', 'gpu'), onWebGPU, onWasm],
};

/**
 * The backend for TensorFlow Lite models, on LiteRT.js, which a page has installed beside this library.
 *
 * @param files where LiteRT.js is. Default: where bundlers put it
 */
export function createTfliteBackend(options: ProviderOptions, files: FilesByVariant = litertFiles): Backend {
  return {
    name: 'litert',
    encodings: ['tensorflowlite'],
    heapBytes,
    async load(parts, loadOptions) {
      const bytes = onlyPart(parts);
      const model = readModel(bytes);
      const toCandidate = ({ provider, target, place }: Place): SessionCandidate => ({
        provider,
        target,
        async open(isLast: boolean) {
          const placement = await place(model, files, options);
          return openSession(placement, { bytes, model, options, isLast });
        },
      });
      return createFallbackGraph({
        runtime: 'LiteRT.js',
        candidates: allowedCandidates(chains[loadOptions.target], loadOptions.fallback ?? true).map(toCandidate),
        reference: toCandidate(onWasm),
        modelBytes: bytes.byteLength,
        loadOptions,
        verify: options.verify,
        toLoadError,
      });
    },
  };
}

function onlyPart(parts: readonly GraphBuilder[]): GraphBuilder {
  const [part] = parts;
  if (part && parts.length === 1) return part;
  const text = `load: a TensorFlow Lite model is 1 part (the .tflite file), but ${parts.length} came`;
  throw new WasiNNError('invalid-argument', text);
}
