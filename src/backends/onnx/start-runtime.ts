import type * as OnnxRuntime from 'onnxruntime-web';
import { cpuRuntime, type Runtime } from './runtimes.js';

/**
 * Starting onnxruntime before the first model comes. onnxruntime fetches and compiles its module, and starts its threads, when
 * its first session is created. So a session of the smallest model is created and released.
 */

/** The starts of modules, under way or done. */
const starts = new WeakMap<Runtime, Promise<void>>();

/** Starts the module for the CPU, unless it has started. */
export async function prepareCpuRuntime(): Promise<void> {
  try {
    const runtime = await cpuRuntime();
    if (!starts.has(runtime)) starts.set(runtime, createSmallestSession(runtime));
    await starts.get(runtime);
  } catch {
    // The first load meets the same error, and can report it.
  }
}

/** To be awaited before a session is created: a module does one thing at a time. */
export async function untilStarted(runtime: Runtime): Promise<void> {
  const start = starts.get(runtime);
  if (!start) starts.set(runtime, Promise.resolve());
  await start?.catch(() => undefined);
}

async function createSmallestSession({ ort }: Runtime): Promise<void> {
  const options: OnnxRuntime.InferenceSession.SessionOptions = { executionProviders: ['wasm'] };
  const session = await ort.InferenceSession.create(smallestModel, options);
  await session.release();
}

/** An ONNX model with one operator: `y = Identity(x)`, one number each. */
const smallestModel = Uint8Array.of(
  ...[0x08, 0x08], // ir_version: 8
  ...[0x3a, 0x37], // graph, 55 bytes
  ...[0x0a, 0x10, 0x0a, 0x01, 0x78, 0x12, 0x01, 0x79, 0x22, 0x08], // node: x to y, by an operator of 8 letters:
  ...[0x49, 0x64, 0x65, 0x6e, 0x74, 0x69, 0x74, 0x79], // Identity
  ...[0x12, 0x01, 0x67], // name: g
  ...[0x5a, 0x0f, 0x0a, 0x01, 0x78, 0x12, 0x0a, 0x0a, 0x08, 0x08, 0x01, 0x12, 0x04, 0x0a, 0x02, 0x08, 0x01], // input: x, FP32, [1]
  ...[0x62, 0x0f, 0x0a, 0x01, 0x79, 0x12, 0x0a, 0x0a, 0x08, 0x08, 0x01, 0x12, 0x04, 0x0a, 0x02, 0x08, 0x01], // output: y, FP32, [1]
  ...[0x42, 0x04, 0x0a, 0x00, 0x10, 0x11], // operator set 17
);
