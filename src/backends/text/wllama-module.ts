import { messageOf, WasiNNError } from '../../standard/error.js';
import { isObjectWith } from '../../standard/is-object-with.js';
import { installation, type WllamaFiles, wllamaVersion } from './wllama-files.js';

/** What is used of wllama's class `Wllama`. What it answers with is parsed (`answers.ts`). */
export interface Wllama {
  setCompat(files: { readonly worker: string; readonly wasm: string }, mode: 'firefox_safari'): void;
  loadModel(files: readonly Blob[], parameters: Readonly<Record<string, unknown>>): Promise<void>;
  getLoadedContextInfo(): unknown;
  getNumThreads(): number;
  /** Resolves when the text has ended. */
  createCompletion(request: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** As `createCompletion`, for messages in place of a prompt. */
  createChatCompletion(request: Readonly<Record<string, unknown>>): Promise<unknown>;
  createEmbedding(request: { readonly input: string }): Promise<unknown>;
  /** The proxy of its worker, and the function that reads the worker's answers. wllama's types keep both private. */
  readonly proxy?: unknown;
  readonly getResponse?: unknown;
  /** Ends its worker. */
  exit(): Promise<void>;
}

/** Where wllama writes to: a line of text, or an event where its worker has failed. */
export type WllamaLogger = Readonly<Record<'debug' | 'log' | 'warn' | 'error', (...values: unknown[]) => void>>;

interface WllamaOptions {
  readonly logger: WllamaLogger;
  /** These download models and keep them, which nobody asks of wllama here. Its own need storage that not every browser has. */
  readonly cacheManager: object;
  readonly modelManager: object;
}

interface WllamaClass {
  new (paths: { readonly default: string }, options: WllamaOptions): Wllama;
  getLibllamaVersion(): string;
}

export interface WllamaModule {
  create(logger: WllamaLogger): Wllama;
  /** The release of llama.cpp in it. */
  readonly buildNumber: number;
  readonly commit: string;
}

/**
 * Loads wllama.
 *
 * @throws WasiNNError `unsupported-operation` where it is missing or of another release, with what to install
 */
export async function importWllama({ script, wasm, compat }: WllamaFiles): Promise<WllamaModule> {
  const module: unknown = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ script.href
  ).catch(notLoaded);
  const Wllama = isObjectWith(module, 'Wllama') ? module.Wllama : undefined;
  if (!isWllamaClass(Wllama)) throw otherRelease();
  const [, buildNumber, commit] = /^b(\d+)-(\w+)$/.exec(Wllama.getLibllamaVersion()) ?? [];
  if (buildNumber === undefined || commit === undefined) throw otherRelease();
  return {
    create(logger) {
      const wllama = new Wllama({ default: wasm.href }, { logger, cacheManager: {}, modelManager: {} });
      // Otherwise wllama fetches this build from a content delivery network.
      wllama.setCompat({ worker: compat.worker.href, wasm: compat.wasm.href }, 'firefox_safari');
      return wllama;
    },
    buildNumber: Number(buildNumber),
    commit,
  };
}

/** A request as `createCompletion` or `createChatCompletion` take it, whose chunks come to `onData`. */
interface StreamingRequest {
  readonly onData: (chunk: unknown) => void;
  readonly abortSignal: AbortSignal;
  readonly messages?: unknown;
}

/**
 * Completes a prompt, or a chat, with the files of images. The prompt has llama.cpp's marker in the place of each.
 *
 * llama.cpp takes files with every completion. wllama's own functions send them for chats alone, whose messages come in parts, and
 * llama.cpp puts a line break between parts. So this sends what those functions send, and the files with it.
 *
 * @throws WasiNNError `unsupported-operation` where wllama is of another release; what wllama throws
 */
export async function completeWithImages(
  wllama: Wllama,
  request: StreamingRequest,
  images: readonly Uint8Array[],
): Promise<void> {
  const { proxy, getResponse } = wllama;
  const send = isObjectWith(proxy, 'wllamaAction') ? proxy.wllamaAction : undefined;
  if (typeof send !== 'function' || typeof getResponse !== 'function') throw otherRelease();
  const message = {
    _name: 'cmpl_req',
    is_chat: request.messages !== undefined,
    data_json: JSON.stringify(request),
    files: images,
  };
  const answer: unknown = await Reflect.apply(send, proxy, ['completion', message]);
  if (!isObjectWith(answer, 'req_id') || !isObjectWith(answer, 'success') || answer.success !== true) {
    throw new Error('llama.cpp could not begin the text');
  }
  await Reflect.apply(getResponse, wllama, [request, true, answer.req_id]);
}

function isWllamaClass(value: unknown): value is WllamaClass {
  return typeof value === 'function' && 'getLibllamaVersion' in value && typeof value.getLibllamaVersion === 'function';
}

function otherRelease(): WasiNNError {
  const text = `load: the @wllama/wllama that was found is of another release than ${wllamaVersion}; ${installation}`;
  return new WasiNNError('unsupported-operation', text);
}

function notLoaded(cause: unknown): never {
  const text = `load: wllama, which runs GGUF models, could not be loaded (${messageOf(cause)}); if it is missing, ${installation}`;
  throw new WasiNNError('unsupported-operation', text, { cause });
}
