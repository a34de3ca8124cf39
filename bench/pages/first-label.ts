/** What a page that is measured from its start leaves for the benchmark. */
declare global {
  /** When the page had its first label, in ms since it began to load. */
  var firstLabel: Promise<number>;
}

/** Notes when a page has its first label. */
export function noteFirstLabel(classify: () => Promise<unknown>): void {
  globalThis.firstLabel = classify().then(() => performance.now());
}
