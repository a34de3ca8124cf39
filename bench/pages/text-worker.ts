import { readChunk } from '../../src/backends/text/answers.js';
import { wllamaFiles } from '../../src/backends/text/wllama-files.js';
import { importWllama, type Wllama } from '../../src/backends/text/wllama-module.js';

/** A worker that runs wllama as it comes: what the library's texts are compared with. */

export interface TextStart {
  readonly model: Uint8Array<ArrayBuffer>;
}

/** A text to generate: the likeliest tokens after the prompt. */
export interface TextOrder {
  readonly prompt: string;
  /** How many tokens to wait for. */
  readonly tokens: number;
}

/** `enough`: all tokens that were asked for have come. `done`: the worker is ready for the next order. */
export type TextAnswer = 'enough' | 'done' | { readonly error: string };

let wllama: Wllama | undefined;

globalThis.onmessage = async ({ data }: MessageEvent<TextStart | TextOrder>) => {
  try {
    if ('model' in data) wllama = await load(data);
    else await generate(data);
    answer('done');
  } catch (cause) {
    answer({ error: String(cause) });
  }
};

/** Loads a model with the settings that the library has for it on one thread. */
async function load({ model }: TextStart): Promise<Wllama> {
  const { create } = await importWllama(wllamaFiles());
  const silent = () => undefined;
  const loading = create({ debug: silent, log: silent, warn: silent, error: console.error });
  await loading.loadModel([new Blob([model])], { n_ctx: 192, n_parallel: 1, n_threads: 1, n_gpu_layers: 0 });
  return loading;
}

async function generate({ prompt, tokens }: TextOrder): Promise<void> {
  if (!wllama) throw new Error('no model has been loaded');
  const ending = new AbortController();
  let count = 0;
  const onData = (chunk: unknown) => {
    if (readChunk(chunk).text === '' || ++count !== tokens) return;
    answer('enough');
    ending.abort();
  };
  const sampling = { temperature: 0, top_k: 1 };
  const request = { prompt, ...sampling, stream: true, onData, abortSignal: ending.signal } as const;
  await wllama.createCompletion(request).catch((cause) => {
    if (!ending.signal.aborted) throw cause;
  });
  if (count < tokens) throw new Error(`the text has ended after ${count} tokens, before ${tokens} had come`);
}

function answer(message: TextAnswer): void {
  globalThis.postMessage(message);
}
