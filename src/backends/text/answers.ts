import { WasiNNError } from '../../standard/error.js';
import { isObjectWith } from '../../standard/is-object-with.js';
import { wllamaVersion } from './wllama-files.js';

/** What wllama says of a loaded model. */
export interface LoadedModel {
  /** Whether there is one: `loadModel` also succeeds with files that are no models. */
  readonly isLoaded: boolean;
  readonly contextTokens: number;
  readonly trainedTokens: number;
  /** The tokens that end a text. */
  readonly endTokens: readonly number[];
  /** What stands for an image in a prompt; absent where the model takes none. */
  readonly mediaMarker?: string;
}

/** @throws WasiNNError where another release answers */
export function readLoadedModel(answer: unknown): LoadedModel {
  const tokens: unknown = memberOf(answer, 'list_tokens_eog');
  const marker: unknown = memberOf(answer, 'media_marker');
  const takesImages = memberOf(answer, 'has_image_input') === true;
  return {
    isLoaded: memberOf(answer, 'success') === true,
    contextTokens: numberIn(answer, 'n_ctx'),
    trainedTokens: numberIn(answer, 'n_ctx_train'),
    endTokens: Array.isArray(tokens) ? tokens.filter((token) => typeof token === 'number') : [],
    ...(takesImages && typeof marker === 'string' && marker !== '' && { mediaMarker: marker }),
  };
}

/** A part of an answer that is generated. */
export interface Chunk {
  readonly text: string;
  /** The token that was sampled last; absent where none was. */
  readonly token?: number;
  /** How many tokens the prompt has, in chunks that say so. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly finishReason?: 'stop' | 'length';
}

/** Reads a chunk of a completion, or of a chat. @throws WasiNNError where another release answers */
export function readChunk(chunk: unknown): Chunk {
  const choices: unknown = memberOf(chunk, 'choices');
  if (!Array.isArray(choices)) throw unexpected();
  const [choice]: readonly unknown[] = choices;
  const reason: unknown = memberOf(choice, 'finish_reason');
  const usage: unknown = memberOf(chunk, 'usage');
  const timings: unknown = memberOf(chunk, 'timings');
  const sampled: unknown = memberOf(memberOf(choice, 'logprobs'), 'content');
  const token: unknown = Array.isArray(sampled) ? memberOf(sampled.at(-1), 'id') : undefined;
  return {
    text: textOf(choice),
    ...(typeof token === 'number' && { token }),
    ...(isObjectWith(timings, 'prompt_n') && { inputTokens: promptTokens(timings) }),
    ...(isObjectWith(usage, 'prompt_tokens') && {
      inputTokens: numberIn(usage, 'prompt_tokens'),
      outputTokens: numberIn(usage, 'completion_tokens'),
    }),
    ...((reason === 'stop' || reason === 'length') && { finishReason: reason }),
  };
}

/** llama.cpp counts what it still has of the last prompt apart. */
function promptTokens(timings: object): number {
  return numberIn(timings, 'prompt_n') + numberIn(timings, 'cache_n');
}

/** A chat's chunks have no text where a message begins or ends, and no choice where they report the usage. */
function textOf(choice: unknown): string {
  const text: unknown = memberOf(choice, 'text') ?? memberOf(memberOf(choice, 'delta'), 'content') ?? '';
  if (typeof text === 'string') return text;
  throw unexpected();
}

/** An embedding, and how many tokens the prompt has. */
export interface Embedding {
  readonly values: readonly number[];
  readonly inputTokens: number;
}

/** @throws WasiNNError where another release answers */
export function readEmbedding(answer: unknown): Embedding {
  const data: unknown = memberOf(answer, 'data');
  const values: unknown = Array.isArray(data) ? memberOf(data[0], 'embedding') : undefined;
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'number')) throw unexpected();
  return { values, inputTokens: numberIn(memberOf(answer, 'usage'), 'prompt_tokens') };
}

/** How many tokens a prompt has that wllama refuses as too long; nothing where it refuses for another reason. */
export function tooManyTokens(message: string): number | undefined {
  const [, tokens] = /^(?:request|input) \((\d+) tokens\) (?:exceeds|is larger|is too large)/.exec(message) ?? [];
  return tokens === undefined ? undefined : Number(tokens);
}

function numberIn(object: unknown, key: string): number {
  const value: unknown = memberOf(object, key);
  if (typeof value === 'number') return value;
  throw unexpected();
}

function memberOf(object: unknown, key: string): unknown {
  return isObjectWith(object, key) ? object[key] : undefined;
}

function unexpected(): WasiNNError {
  return new WasiNNError('runtime-error', `wllama gave an answer that a release ${wllamaVersion} does not give`);
}
