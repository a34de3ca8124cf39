let most = 8;

/** Limits the threads of the runtimes in this worker, before the first of them is loaded. */
export function limitThreads(threads: number | undefined): void {
  most = threads ?? 8;
}

/**
 * How many threads a runtime is given: as many as there are cores, up to eight or to what the page wants. In a worker of our
 * own no core must be left to the page's thread, which is why the runtimes' own choices are too careful. Threads need a
 * cross-origin isolated page.
 */
export function threadCount(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(most, navigator.hardwareConcurrency || 1);
}
