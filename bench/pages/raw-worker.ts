import type * as OnnxRuntime from 'onnxruntime-web';

/** A worker that runs onnxruntime-web as it comes: what the library is compared with. */

export interface StartMessage {
  readonly build: 'wasm' | 'jspi';
  readonly provider: OnnxRuntime.InferenceSession.ExecutionProviderConfig;
  readonly model: Uint8Array;
  readonly threads: number;
  readonly input: { readonly name: string; readonly data: Float32Array; readonly dims: readonly number[] };
}

const builds = { wasm: () => import('onnxruntime-web/wasm'), jspi: () => import('onnxruntime-web/jspi') };

let run: () => Promise<unknown> = () => Promise.reject(new Error('not started'));

globalThis.onmessage = async ({ data }: MessageEvent<StartMessage | number>) => {
  if (typeof data !== 'number') {
    run = await start(data);
    globalThis.postMessage('started');
    return;
  }
  for (let time = 0; time < data; time++) await run();
  globalThis.postMessage('done');
};

/** Each run makes its tensor anew, from a copy of the numbers, and takes the output's bytes: as a caller would. */
async function start({ build, provider, model, threads, input }: StartMessage): Promise<() => Promise<unknown>> {
  const ort = await builds[build]();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const session = await ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 });
  const [output = ''] = session.outputNames;
  return async () => {
    const results = await session.run({ [input.name]: new ort.Tensor('float32', input.data.slice(), input.dims) });
    return results[output]?.data;
  };
}
