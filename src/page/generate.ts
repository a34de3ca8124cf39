import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { type ChatMessage, parseMessages } from '../standard/chat.js';
import { checkImages, countMarks } from '../standard/prompt-images.js';
import type { TextEnd, TextModel } from '../standard/text.js';
import { markImages, readImages } from './prompt-images.js';
import { readText } from './read-text.js';

/** A chat that a language model is to answer in. Its own template makes a prompt of the messages. */
export interface Chat {
  /** In their order, the one to answer last. */
  readonly messages: readonly ChatMessage[];
}

/** How a text is generated. What is left out is as llama.cpp has it. */
export interface GenerateOptions {
  /** Ends the text. The iteration then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** How many tokens are generated at most. Default: as many as the context takes. */
  readonly maxTokens?: number;
  /** 0 for the likeliest token each time. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  /** Texts with the same seed and the same options are the same. */
  readonly seed?: number;
  /** What the text has to be like, in GBNF. */
  readonly grammar?: string;
  /** A JSON schema that the text has to fulfil. */
  readonly jsonSchema?: unknown;
  /**
   * Files of images, such as PNG or JPEG, for a model with a projector. `<image>` in the prompt, or in a message, marks the place
   * of each, in their order. Without any mark they come before the prompt, or before the last message of the user.
   */
  readonly images?: readonly (Blob | Uint8Array)[];
  /** Called once, when the text has ended. */
  readonly onEnd?: (end: TextEnd) => void;
}

/** The names that the engine has for options (`standard/text-settings.ts`). */
const settingNames = {
  maxTokens: 'n-predict',
  temperature: 'temp',
  topK: 'top-k',
  topP: 'top-p',
  minP: 'min-p',
  repeatPenalty: 'repeat-penalty',
  seed: 'seed',
  grammar: 'grammar',
} as const satisfies Partial<Record<keyof GenerateOptions, string>>;

const encoder = new TextEncoder();

/**
 * Generates a text, and yields what each token is as text.
 *
 * @param disposed once this is aborted, the iteration throws its reason
 * @throws WasiNNError `invalid-argument` where the graph is no language model, for options that it does not take, and for images
 *   that the model does not take or whose marks are not as many
 */
export async function* generate(
  client: InferenceClient,
  graph: GraphInfo,
  prompt: string | Chat,
  options: GenerateOptions,
  disposed: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const images = await readImages(options.images ?? []);
  const request = {
    prompt: encoder.encode(writePrompt(prompt, images.length, graph.text)),
    isChat: typeof prompt !== 'string',
    configuration: encoder.encode(JSON.stringify(toSettings(options))),
    ...(images.length > 0 && { images }),
  };
  const signal = options.signal ? AbortSignal.any([disposed, options.signal]) : disposed;
  for await (const { pieces, end } of readText('generate', client, graph, request, signal)) {
    yield* pieces;
    if (end) options.onEnd?.(end);
  }
}

/** The prompt as the engine takes it: a text, or messages as JSON. */
function writePrompt(prompt: string | Chat, images: number, model: TextModel | undefined): string {
  const written = typeof prompt === 'string' ? prompt : JSON.stringify(prompt.messages);
  if (images === 0) return written;
  const marked = markImages(typeof prompt === 'string' ? prompt : parseMessages(written), images);
  if (model) checkImages('generate', { images, marks: countMarks(marked) }, model.takesImages);
  return typeof marked === 'string' ? marked : JSON.stringify(marked);
}

function toSettings({ jsonSchema, ...options }: GenerateOptions): Record<string, unknown> {
  const settings = Object.entries(settingNames).flatMap(([option, name]) => {
    const value: unknown = Reflect.get(options, option);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(settings),
    ...(jsonSchema !== undefined && { 'json-schema': JSON.stringify(jsonSchema) }),
  };
}
