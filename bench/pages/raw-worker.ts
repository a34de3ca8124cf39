import type * as OnnxRuntime from 'onnxruntime-web';
import { countGraphsBuilt } from '../../src/backends/webnn.js';
import type { Input } from './input.js';
import { type Run, serveRuns } from './serve-messages.js';

/** A worker that runs onnxruntime-web as it comes: what the library is compared with. */

export interface StartMessage {
  readonly build: 'wasm' | 'jspi';
  readonly provider: OnnxRuntime.InferenceSession.ExecutionProviderConfig;
  readonly model: Uint8Array;
  readonly threads: number;
  readonly inputs: readonly Input[];
}

const builds = { wasm: () => import('onnxruntime-web/wasm'), jspi: () => import('onnxruntime-web/jspi') };

serveRuns(start);

/** Each run makes a new tensor from a copy of the numbers, and takes the output's bytes: as a caller would. */
async function start({ build, provider, model, threads, inputs }: StartMessage): Promise<Run> {
  const ort = await builds[build]();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
  const [session, graphsBuilt] = await countGraphsBuilt(() =>
    ort.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 }),
  );
  const isWebNN = typeof provider === 'object' && provider.name === 'webnn';
  if (isWebNN && graphsBuilt === 0) throw new Error('the baseline was to run on WebNN, but runs on the CPU');
  return async () => {
    const results = await session.run(Object.fromEntries(inputs.map((input) => [input.name, toTensor(ort, input)])));
    return session.outputNames.map((name) => results[name]?.data);
  };
}

function toTensor({ Tensor }: typeof OnnxRuntime, { ty, data, dimensions }: Input): OnnxRuntime.Tensor {
  const { buffer } = data.slice();
  if (ty === 'FP32') return new Tensor('float32', new Float32Array(buffer), dimensions);
  if (ty === 'I64') return new Tensor('int64', new BigInt64Array(buffer), dimensions);
  return new Tensor('uint8', new Uint8Array(buffer), dimensions);
}
