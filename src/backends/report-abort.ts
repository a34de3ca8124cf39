import type { LoadOptions, Provider } from './backend.js';
import { DeviceLostError, hasAborted } from './runtime-module.js';
import { refusedOperation } from './webnn.js';

/**
 * Reports a model that has made its runtime abort, where another thread can take the call over.
 *
 * @returns whether it has reported the model
 */
export type ReportAbort = (
  provider: Provider,
  operation: 'loading' | 'computing' | 'comparing',
  cause: unknown,
) => boolean;

const providerNames: Readonly<Record<Provider, string>> = {
  javascript: 'JavaScript',
  wasm: 'WebAssembly',
  webgpu: 'WebGPU',
  webnn: 'WebNN',
};

/** @param runtime what it is called in texts */
export function abortReporter(runtime: string, onAbort: LoadOptions['onAbort']): ReportAbort {
  return (provider, operation, cause) => {
    if (!onAbort || !hasAborted(cause)) return false;
    const happened = cause instanceof DeviceLostError ? 'lost its device' : 'aborted';
    const refused = provider === 'webnn' ? refusedOperation() : undefined;
    const detail = refused === undefined ? '' : ` (${refused})`;
    const reason = `${runtime} ${happened} while ${operation} this model on ${providerNames[provider]}${detail}`;
    onAbort({ provider, reason });
    return true;
  };
}
