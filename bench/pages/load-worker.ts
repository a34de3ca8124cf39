import { serveMessages } from './serve-messages.js';

/** Makes sessions as someone would who uses onnxruntime-web alone: from a URL, which the browser may have in its cache. */

export interface LoadMessage {
  readonly url: string;
  readonly times: number;
}

serveMessages<LoadMessage>(async ({ url, times }) => {
  // In a file of its own: onnxruntime's threads run the file that has its code.
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = Math.min(8, navigator.hardwareConcurrency);
  for (let time = 0; time < times; time++) {
    const session = await ort.InferenceSession.create(url);
    await session.release();
  }
});
