/**
 * Has the blobs that workers of this thread start from given back once the workers run. wllama keeps their URLs, and so the
 * scripts stay in memory until this thread ends.
 */
export function releaseWorkerScripts(): void {
  globalThis.Worker = new Proxy(globalThis.Worker, {
    construct(native, [script, ...options]: [string | URL, ...unknown[]], target) {
      const worker: Worker = Reflect.construct(native, [script, ...options], target);
      const url = String(script);
      if (!url.startsWith('blob:')) return worker;
      const release = () => URL.revokeObjectURL(url);
      // A worker that has sent something has fetched its script; one that fails has no use for it.
      for (const type of ['message', 'error'] as const) worker.addEventListener(type, release, { once: true });
      return worker;
    },
  });
}
