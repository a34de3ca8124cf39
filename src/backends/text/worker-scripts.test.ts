import { afterEach, expect, it, vi } from 'vitest';
import { releaseWorkerScripts } from './worker-scripts.js';

/** A worker that does nothing. */
class IdleWorker extends EventTarget {
  readonly script: string;

  constructor(script: string) {
    super();
    this.script = script;
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it.each(['message', 'error'])('gives the blob of a worker back at its first %s', (type) => {
  vi.stubGlobal('Worker', IdleWorker);
  releaseWorkerScripts();
  const revoke = vi.spyOn(URL, 'revokeObjectURL');
  const workers = ['blob:http://localhost/1', 'http://localhost/2.js'].map((url) => new Worker(url));
  expect(workers).toMatchObject([{ script: 'blob:http://localhost/1' }, { script: 'http://localhost/2.js' }]);
  expect(revoke).not.toHaveBeenCalled();
  for (const worker of [...workers, ...workers]) worker.dispatchEvent(new Event(type));
  expect(revoke.mock.calls).toEqual([['blob:http://localhost/1']]);
});
