import * as ort from 'onnxruntime-web/wasm';

/** Makes sessions as someone would who uses onnxruntime-web alone: from a URL, which the browser may have in its cache. */

export interface LoadMessage {
  readonly url: string;
  readonly times: number;
}

ort.env.wasm.numThreads = Math.min(8, navigator.hardwareConcurrency);

globalThis.onmessage = async ({ data: { url, times } }: MessageEvent<LoadMessage>) => {
  for (let time = 0; time < times; time++) {
    const session = await ort.InferenceSession.create(url);
    await session.release();
  }
  globalThis.postMessage('done');
};
