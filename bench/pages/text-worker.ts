import { readChunk } from '../../src/backends/text/answers.js';
import { wllamaFiles } from '../../src/backends/text/wllama-files.js';
import { importWllama, type Wllama } from '../../src/backends/text/wllama-module.js';
import { serveMessages } from './serve-messages.js';

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

serveMessages<TextStart | TextOrder>(async (message) => {
  if ('model' in message) wllama = await load(message);
  else await generate(message);
});

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
    const answer: TextAnswer = 'enough';
    globalThis.postMessage(answer);
    ending.abort();
  };
  const sampling = { temperature: 0, top_k: 1 };
  const request = { prompt, ...sampling, stream: true, onData, abortSignal: ending.signal } as const;
  await wllama.createCompletion(request).catch((cause) => {
    if (!ending.signal.aborted) throw cause;
  });
  if (count < tokens) throw new Error(`the text has ended after ${count} tokens, before ${tokens} had come`);
}
