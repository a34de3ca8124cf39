import { parseMessages } from '../../standard/chat.js';
import { messageOf, WasiNNError } from '../../standard/error.js';
import { checkImages, countMarks } from '../../standard/prompt-images.js';
import type { TextRequest } from '../../standard/text.js';
import { parseTextConfiguration, type TextConfiguration } from '../../standard/text-configuration.js';
import type { TextGeneration } from '../backend.js';
import { tooManyTokens } from './answers.js';
import { completeText } from './complete-text.js';
import type { Llama, LlamaPrompt, Prompt } from './llama.js';
import { isEmbedding } from './parameters.js';
import { placeImages } from './place-images.js';
import { createTextStream, type TextStream } from './text-stream.js';

export interface TextRunner {
  generate(request: TextRequest): TextGeneration;
  dispose(): void;
}

export interface TextRunnerOptions {
  /** The settings that the model was loaded with. */
  readonly configuration: TextConfiguration;
  /** The model, loaded with those. */
  readonly llama: Llama;
  /** Loads the model again, for texts with other settings than those. */
  open(configuration: TextConfiguration): Promise<Llama>;
  tokenText(token: number): string;
}

/** The settings of a text that need the model to be loaded again; others of a model are taken when it is loaded alone. */
const reloading = ['n-gpu-layers', 'embedding'] as const;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Generates the texts of one graph, one after another, in the order in which they came. */
export function createTextRunner({ configuration: base, llama, open, tokenText }: TextRunnerOptions): TextRunner {
  const disposal = new AbortController();
  /** Resolves when the texts before have ended. */
  let last: Promise<void> = Promise.resolve();
  let current: { readonly key: string; readonly llama: Llama } | undefined = { key: keyOf(base), llama };

  /** The model as the settings want it. */
  async function prepare(configuration: TextConfiguration): Promise<Llama> {
    const key = keyOf(configuration);
    if (current?.key === key) return current.llama;
    current?.llama.exit();
    current = undefined;
    const opened = await open(configuration);
    if (disposal.signal.aborted) {
      opened.exit();
      throw disposal.signal.reason;
    }
    current = { key, llama: opened };
    return opened;
  }

  async function run(stream: TextStream, prompt: LlamaPrompt, configuration: TextConfiguration): Promise<void> {
    if (stream.signal.aborted) return;
    stream.begin();
    try {
      disposal.signal.throwIfAborted();
      const instance = await prepare(configuration);
      if (isEmbedding(configuration)) await embed(stream, instance, prompt);
      else await complete(stream, instance, prompt, configuration);
    } catch (cause) {
      // The reader has gone.
      if (stream.signal.aborted) return;
      giveUpAfter(cause);
      stream.fail(toTextError(cause));
    }
  }

  function complete(
    stream: TextStream,
    instance: Llama,
    prompt: LlamaPrompt,
    configuration: TextConfiguration,
  ): Promise<void> {
    const placed = placeImages(prompt, instance.model.mediaMarker);
    return completeText({ stream, llama: instance, prompt: placed, configuration, tokenText });
  }

  /** What llama.cpp throws may have left its memory in any state. It is loaded again for the next text. */
  function giveUpAfter(cause: unknown): void {
    if (!(cause instanceof Error) || cause.name !== 'RuntimeError') return;
    current?.llama.exit();
    current = undefined;
  }

  return {
    generate(request) {
      const json = decode('the configuration', request.configuration);
      const own = json === '' ? {} : parseTextConfiguration('compute', json);
      const prompt = { prompt: readPrompt(request), images: request.images ?? [] };
      const counts = { images: prompt.images.length, marks: countMarks(prompt.prompt) };
      checkImages('compute', counts, llama.model.mediaMarker !== undefined);
      const stream = createTextStream();
      last = last.then(() => run(stream, prompt, { ...base, ...own }));
      return stream;
    },
    dispose() {
      disposal.abort(new WasiNNError('runtime-error', 'compute: the graph was unloaded'));
      current?.llama.exit();
      current = undefined;
    },
  };
}

function keyOf(configuration: TextConfiguration): string {
  return JSON.stringify(reloading.map((name) => configuration[name] || null));
}

function readPrompt({ prompt, isChat }: TextRequest): Prompt {
  const text = decode('the prompt', prompt);
  return isChat ? parseMessages(text) : text;
}

async function embed(stream: TextStream, llama: Llama, { prompt, images }: LlamaPrompt): Promise<void> {
  if (typeof prompt !== 'string' || images.length > 0) {
    const text = 'compute: the messages of a chat have no embedding, nor do images: give a text';
    throw new WasiNNError('invalid-argument', text);
  }
  try {
    const { values, inputTokens } = await llama.embed(prompt);
    stream.push(describeEmbedding(values));
    stream.end({ reason: 'stop', endToken: '', inputTokens, outputTokens: 0 });
  } catch (cause) {
    const inputTokens = tooManyTokens(messageOf(cause));
    if (inputTokens === undefined) throw cause;
    stream.end({ reason: 'prompt-too-long', endToken: '', inputTokens, outputTokens: 0 });
  }
}

/** As WasmEdge writes it. */
function describeEmbedding(values: readonly number[]): string {
  const numbers = values.map((value) => Number(value.toPrecision(10)));
  return `{"n_embedding": ${values.length}, "embedding": [${numbers.join(',')}]}`;
}

function decode(what: string, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new WasiNNError('invalid-argument', `compute: ${what} is not UTF-8`);
  }
}

/** What is to be done where a request is at fault. */
const advices = [
  [/parse grammar|initialize samplers/i, '; correct the grammar or the JSON schema'],
  [/load image or audio file/i, '; give the image as PNG, JPEG, BMP or GIF'],
] as const;

/** What llama.cpp says of a request. */
function toTextError(cause: unknown): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  const reason = messageOf(cause);
  const advice = advices.find(([words]) => words.test(reason))?.[1];
  const code = advice === undefined ? 'runtime-error' : 'invalid-argument';
  return new WasiNNError(code, `compute: llama.cpp cannot generate the text: ${reason}${advice ?? ''}`, { cause });
}
