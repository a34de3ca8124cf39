import { WasiNNError } from '../../standard/error.js';
import type { Backend } from '../backend.js';
import { createFallbackGraph } from '../fallback-graph.js';
import type { ProviderOptions } from '../runtime-module.js';
import type { SessionCandidate } from '../session.js';
import { examine } from './distrust.js';
import { toLoadError } from './errors.js';
import { assignParts } from './external-data.js';
import { heapBytes } from './heaps.js';
import { openSession } from './open-session.js';
import { type Candidate, candidatesFor, reference } from './providers.js';
import { prepareCpuRuntime } from './start-runtime.js';

/** The backend for ONNX (and ONNX Runtime's own .ort) models, on onnxruntime-web. */
export function createOnnxBackend(options: ProviderOptions): Backend {
  return {
    name: 'onnxruntime-web',
    encodings: ['onnx'],
    heapBytes,
    prepare: prepareCpuRuntime,
    async load(builders, loadOptions) {
      const parts = assignParts(builders);
      const { distrust, isRandom } = examine(parts.model, loadOptions.target);
      const toSessionCandidate = (candidate: Candidate): SessionCandidate => ({
        provider: candidate.provider,
        target: candidate.target,
        async open(isLast: boolean) {
          const reason = distrust.get(candidate.provider);
          if (reason !== undefined) throw new WasiNNError('unsupported-operation', reason);
          return openSession(candidate, { parts, loadOptions, options }, isLast);
        },
      });
      return createFallbackGraph({
        runtime: 'onnxruntime',
        candidates: candidatesFor(loadOptions.target, loadOptions.fallback ?? true).map(toSessionCandidate),
        // Two runs of a random operator have nothing in common.
        reference: isRandom ? undefined : toSessionCandidate(reference),
        modelBytes: builders.reduce((total, { byteLength }) => total + byteLength, 0),
        loadOptions,
        verify: options.verify,
        toLoadError: (cause) => toLoadError(cause, parts),
      });
    },
  };
}
