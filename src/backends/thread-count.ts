/**
 * How many threads a runtime is given: all cores up to eight. In a worker of our own no core must be left to the page's
 * thread, which is why the runtimes' own choices are too careful. Threads need a cross-origin isolated page.
 */
export function threadCount(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(8, navigator.hardwareConcurrency || 1);
}
