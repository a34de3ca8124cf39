import type { Entries, ModelEntry } from '../models/model-options.js';

/** Which runtime the models of the registry need. The hub starts it while the first model is fetched. */
export interface ExpectedRuntime {
  /** Whether all registered models need onnxruntime on the CPU, so that the first model does. */
  byAll(): boolean;
  /** Whether a model needs it. A name that is not registered needs nothing. */
  by(name: string): boolean;
}

/** @param entries the registered models, as they are at the moment */
export function createExpectedRuntime(entries: () => Entries): ExpectedRuntime {
  return {
    byAll: () => entries().size > 0 && [...entries().values()].every(isOnnxOnCpu),
    by(name) {
      const entry = entries().get(name);
      return entry !== undefined && isOnnxOnCpu(entry);
    },
  };
}

/** A file that does not say its encoding, nor has a name that does, may be anything. */
function isOnnxOnCpu({ target, backend, encoding, sources: [first] }: ModelEntry): boolean {
  if (target !== 'cpu' || backend !== undefined || !first) return false;
  if (encoding !== 'autodetect') return encoding === 'onnx';
  return 'urls' in first && /\.(?:onnx|ort)$/i.test(new URL(first.urls[0]).pathname);
}
