import { createWasiNN, type Graph, type WasiNN } from '../../src/index.js';
import type { Runner } from './baselines.js';
import { image, squeezenetUrl } from './image.js';
import { componentGuest, expectSuccess, placeInto } from './ours.js';
import type { Scenario, Scenarios } from './scenario.js';
import type { TextAnswer, TextOrder, TextStart } from './text-worker.js';

export const tinyTextUrl = '/fixtures/encodings/ggml/tiny-f16.gguf';

const settings = { temp: 0, 'top-k': 1, threads: 1 };
const outputBytes = 1024;

type Call = (...values: unknown[]) => Promise<number>;

type TextExports = Readonly<
  Record<
    | 'allocate'
    | 'load_by_name_with_config'
    | 'init_execution_context'
    | 'set_input'
    | 'compute_single_repeatedly'
    | 'fini_single',
    Call
  >
>;

/** No two prompts are the same: llama.cpp keeps what it has evaluated of the last one. */
function createPrompts(): () => string {
  let count = 1000;
  return () => `${count++}.\n\nROMEO:\n`;
}

/** A core module that generates texts by `compute_single`. The time is that of the tokens, from the call to its answer. */
async function textGuest(nn: WasiNN, model: string): Promise<Runner> {
  const { exports, memory } = await nn.instantiate<TextExports>('/guests/witx-probe.wasm');
  if (!memory) throw new Error('the guest has no memory');
  const { place, words, readWord } = placeInto(exports, memory);
  const text = async (value: string) => {
    const bytes = new TextEncoder().encode(value);
    return [await place(bytes), bytes.byteLength] as const;
  };
  const out = await place(words(0));
  const configuration = await text(JSON.stringify(settings));
  expectSuccess(await exports.load_by_name_with_config(...(await text(model)), ...configuration, out));
  expectSuccess(await exports.init_execution_context(await readWord(out), out));
  const context = await readWord(out);
  const dimensions = await place(words(1));
  const buffer = await exports.allocate(outputBytes);
  const nextPrompt = createPrompts();
  return async (tokens) => {
    const tensor = await place(words(dimensions, 1, 2, ...(await text(nextPrompt()))));
    expectSuccess(await exports.set_input(context, 0, tensor));
    const start = performance.now();
    expectSuccess(await exports.compute_single_repeatedly(context, buffer, outputBytes, out, tokens));
    const milliseconds = performance.now() - start;
    expectSuccess(await exports.fini_single(context));
    return milliseconds;
  };
}

/** wllama in a worker. The time is that of the tokens, from the order to the message that they have come. */
async function wllamaInWorker(model: Uint8Array<ArrayBuffer>): Promise<Runner> {
  const worker = new Worker(new URL('./text-worker.js', import.meta.url), { type: 'module' });
  const ask = (message: TextStart | TextOrder) =>
    new Promise<number>((resolve, reject) => {
      const start = performance.now();
      let milliseconds = Number.NaN;
      worker.onmessage = ({ data }: MessageEvent<TextAnswer>) => {
        if (data === 'enough') milliseconds = performance.now() - start;
        else if (data === 'done') resolve(milliseconds);
        else reject(new Error(data.error));
      };
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(message);
    });
  await ask({ model });
  const nextPrompt = createPrompts();
  return (tokens) => ask({ prompt: nextPrompt(), tokens });
}

const text = (pairs: number, tokens: number): Scenario => ({
  pairs,
  times: tokens,
  warmUp: 60,
  async prepare(nn) {
    const model = new Uint8Array(await (await fetch(tinyTextUrl)).arrayBuffer());
    return { ours: await textGuest(nn, 'tiny'), baseline: await wllamaInWorker(model) };
  },
});

/** Writes one text after another until the signal is aborted. @param onPiece called for each token */
async function write(graph: Graph, signal: AbortSignal, onPiece: () => void): Promise<void> {
  try {
    for (;;) for await (const _piece of graph.generate('ROMEO:', { temperature: 0, signal })) onPiece();
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

/** Images while a text is written, each on one thread. */
const beside: Scenario = {
  pairs: 15,
  times: 5,
  warmUp: 10,
  async prepare() {
    const models = { squeezenet: { url: squeezenetUrl, immutable: true }, tiny: { url: tinyTextUrl, immutable: true } };
    const nn = createWasiNN({ models, threads: 1 });
    const [baseline, graph] = await Promise.all([componentGuest(nn, 'squeezenet', [image]), nn.loadByName('tiny')]);
    return {
      baseline,
      async ours(times) {
        const ending = new AbortController();
        let writing: Promise<void> | undefined;
        await new Promise<void>((resolve, reject) => {
          writing = write(graph, ending.signal, resolve);
          writing.catch(reject);
        });
        const start = performance.now();
        await baseline(times);
        const milliseconds = performance.now() - start;
        ending.abort();
        await writing;
        return milliseconds;
      },
    };
  },
};

/** Texts, by a guest and by wllama alone. */
export const textScenarios: Scenarios = {
  'm-text-first': text(60, 1),
  'm-text-tokens': text(30, 100),
  'm-text-beside': beside,
};
