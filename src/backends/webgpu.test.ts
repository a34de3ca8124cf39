import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

it.each([
  [undefined, 'high-performance'],
  ['low-power', 'low-power'],
] as const)('asks for a GPU by the preference of the page: %s', async (powerPreference, expected) => {
  const requestAdapter = vi.fn(async () => null);
  vi.stubGlobal('navigator', { gpu: { requestAdapter } });
  const { openGPUDevice } = await import('./webgpu.js');
  const options = { allowSoftwareAdapter: false, ...(powerPreference && { powerPreference }) };
  await expect(openGPUDevice(options)).rejects.toThrow('WebGPU found no adapter');
  expect(requestAdapter).toHaveBeenCalledWith({ powerPreference: expected });
});

it.each([
  [undefined, 16, true, 8],
  [undefined, 4, true, 4],
  [2, 16, true, 2],
  [12, 16, true, 12],
  [12, 4, true, 4],
  [4, 16, false, 1],
])('gives a runtime threads: %j of %j cores (isolated: %j) are %j', async (threads, cores, isolated, expected) => {
  vi.stubGlobal('navigator', { hardwareConcurrency: cores });
  vi.stubGlobal('crossOriginIsolated', isolated);
  const { limitThreads, threadCount } = await import('./thread-count.js');
  limitThreads(threads);
  expect(threadCount()).toBe(expected);
});
