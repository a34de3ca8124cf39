/**
 * The source of a backend for ggml whose computations stand still, with their thread, but take nothing of the processor
 * that others need. It posts to the channel `computations` when one has begun.
 */
export const standingStill = backendThat('Atomics.wait(new Int32Array(buffer), 0, 0)');

/** As {@link standingStill}, with a thread that does not stand still: it can be ended at once. */
export const unending = backendThat('new Promise(() => undefined)');

function backendThat(computes: string): string {
  return `
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const device = { target: 'cpu', provider: 'javascript', description: 'stands still' };
  const compute = () => {
    new BroadcastChannel('computations').postMessage('begun');
    return ${computes};
  };
  const load = () => ({ inputs: 'any', outputs: 'any', device, fallback: [], compute, dispose() {} });
  export default { name: 'standing still', encodings: ['ggml'], load };
`;
}
