import type { Backend, Caller } from '../backend.js';
import { createFallbackGraph, type SessionCandidate } from '../fallback-graph.js';
import type { ProviderOptions } from '../runtime-module.js';
import { toLoadError } from './errors.js';
import { assignParts } from './external-data.js';
import { heapBytes } from './heaps.js';
import { placeSession } from './placed-session.js';
import { type Candidate, candidatesFor } from './providers.js';

/** The backend for ONNX (and ONNX Runtime's own .ort) models, on onnxruntime-web. */
export function createOnnxBackend(options: ProviderOptions): Backend {
  return {
    name: 'onnxruntime-web',
    encodings: ['onnx'],
    heapBytes,
    async load(builders, loadOptions, caller) {
      const parts = assignParts(builders);
      const toSessionCandidate = (candidate: Candidate): SessionCandidate => ({
        provider: candidate.provider,
        target: candidate.target,
        open: (opener: Caller, isLast: boolean) =>
          placeSession(candidate, { parts, loadOptions, caller: opener, options }, isLast),
      });
      const [reference] = candidatesFor('cpu', false).map(toSessionCandidate);
      return createFallbackGraph({
        candidates: candidatesFor(loadOptions.target, loadOptions.fallback ?? true).map(toSessionCandidate),
        reference,
        loadOptions,
        caller,
        toLoadError: (cause) => toLoadError(cause, parts),
      });
    },
  };
}
