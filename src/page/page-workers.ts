import { startWorker, workerError } from '../rpc/start-worker.js';
import { WasiNNError } from '../standard/error.js';
import { version } from '../standard/version.js';

/** The workers that a page starts itself. The hub starts the others. */
export type PageWorkerName = 'guest' | 'hub' | 'transpiler';

/** How the page starts its workers. */
export interface PageWorkers {
  start(name: PageWorkerName): Worker;
  /** The error of a worker that has failed. @param message what its error event says; empty where it never started */
  error(name: PageWorkerName, message: string): WasiNNError;
}

/** Bundlers look for these literal expressions, make a file of each script and put its URL here. */
const bundled: Readonly<Record<PageWorkerName, () => Worker>> = {
  guest: () =>
    new Worker(new URL('../guest/guest-worker.js', import.meta.url), { type: 'module', name: nameOf('guest') }),
  hub: () => new Worker(new URL('../hub/hub-worker.js', import.meta.url), { type: 'module', name: nameOf('hub') }),
  transpiler: () =>
    new Worker(new URL('../transpiler/transpiler-worker.js', import.meta.url), {
      type: 'module',
      name: nameOf('transpiler'),
    }),
};

/**
 * @param assets where the folder `dist/standalone` of this package is served (`WasiNNOptions.assets`); without it, the
 *   workers are those that a bundler has found
 * @param base the URL that `assets` is resolved against
 * @throws WasiNNError `invalid-argument` where `assets` is no URL
 */
export function createPageWorkers(assets: string | URL | undefined, base: string): PageWorkers {
  if (assets === undefined) {
    return { start: (name) => startWorker(bundled[name]), error: (name, message) => workerError(name, message) };
  }
  const folder = toFolder(assets, base);
  const scriptOf = (name: PageWorkerName) => new URL(`assets/${name}-worker-${version}.js`, folder);
  return {
    start: (name) => startWorker(() => new Worker(scriptOf(name), { type: 'module', name: nameOf(name) })),
    error(name, message) {
      if (message) return workerError(name, message);
      const reason = `${scriptOf(name).href} could not be loaded: the option assets must name the URL where the folder dist/standalone of wasi-nn-web ${version} is served, and the Content-Security-Policy must allow it`;
      return workerError(name, reason);
    },
  };
}

function toFolder(assets: string | URL, base: string): URL {
  const folder = URL.parse(String(assets), base);
  if (!folder) {
    const shown = JSON.stringify(String(assets));
    throw new WasiNNError('invalid-argument', `assets: expected the URL of a folder, and not ${shown}`);
  }
  if (!folder.pathname.endsWith('/')) folder.pathname += '/';
  return folder;
}

function nameOf(name: PageWorkerName): string {
  return `wasi-nn ${name}`;
}
