import { WasiNNError } from '../standard/error.js';
import { trustedScriptUrl } from './trusted-types.js';

/**
 * Starts a worker from a script that may be on another origin than the page, as on a CDN: browsers refuse such scripts
 * to workers, but let a script of the page's own origin import them. That script is a blob here, so a
 * Content-Security-Policy must allow `worker-src blob:` and the other origin where they differ.
 *
 * @param create makes the worker with a literal `new Worker(new URL('./script.js', import.meta.url), …)`, which is what
 *   bundlers look for; for its time the global `Worker` is one that knows of other origins
 */
export function startWorker(create: () => Worker): Worker {
  const NativeWorker = globalThis.Worker;
  globalThis.Worker = anyOriginWorker(NativeWorker);
  try {
    return create();
  } finally {
    globalThis.Worker = NativeWorker;
  }
}

function anyOriginWorker(NativeWorker: typeof Worker): typeof Worker {
  return new Proxy(NativeWorker, {
    construct(native, [script, ...options]: [string | URL, ...unknown[]], target) {
      const { href, origin, protocol } = new URL(script, globalThis.location.href);
      const isForeign = origin !== globalThis.location.origin && protocol !== 'blob:' && protocol !== 'data:';
      return Reflect.construct(native, [trustedScriptUrl(isForeign ? shim(href) : href), ...options], target);
    },
  });
}

/** The address of a script of this origin that imports another. It is needed as long as the worker has not loaded it. */
function shim(script: string): string {
  return URL.createObjectURL(new Blob([`import ${JSON.stringify(script)};`], { type: 'text/javascript' }));
}

/** The error of a worker that has failed. @param message what its error event says; nothing where it never started */
export function workerError(worker: string, message: string): WasiNNError {
  const cause =
    message ||
    'its script could not be loaded: check that it is served, and the Content-Security-Policy; where the bundler makes no files of workers, serve dist/standalone of wasi-nn-web and set the option assets';
  return new WasiNNError('runtime-error', `the ${worker} worker failed: ${cause}`);
}
