import { expect, it } from 'vitest';
import { restoreUploads } from './restore-uploads.js';
import { cpuRuntime } from './runtimes.js';

it('onnxruntime takes the model, so that a session is created', async () => {
  const runtime = await cpuRuntime();
  await restoreUploads(runtime);
  expect(runtime.breakdown.signal.aborted).toBe(false);
});
