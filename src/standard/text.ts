import { isObjectWith } from './is-object-with.js';

/** What a graph that generates text says of itself, beside its inputs and outputs. */
export interface TextModel {
  /** The release of llama.cpp that runs it. */
  readonly buildNumber: number;
  readonly commit: string;
  /** How many tokens prompt and answer may have together. */
  readonly contextTokens: number;
  /** Whether prompts may have images: the model was loaded with a projector. */
  readonly takesImages: boolean;
}

/** A text that a graph is to generate. */
export interface TextRequest {
  /** UTF-8. */
  readonly prompt: Uint8Array<ArrayBuffer>;
  /** Whether the prompt is the messages of a chat (JSON), which the model's own template makes a prompt of. Default: no. */
  readonly isChat?: boolean;
  /** Files of images, such as PNG or JPEG, one for each `<image>` in the prompt, in their order. Default: none. */
  readonly images?: readonly Uint8Array<ArrayBuffer>[];
  /** Settings as `text-configuration.ts` has them: JSON in UTF-8. Those that were given with the model hold for the rest. */
  readonly configuration: Uint8Array<ArrayBuffer>;
}

/** What a text has come to since it was last asked for. */
export interface TextProgress {
  /** What each token is as text. Characters that consist of several tokens come in one piece. */
  readonly pieces: readonly string[];
  /** Whether the text is being generated: others of the same graph may come before it. */
  readonly hasBegun: boolean;
  /** How many tokens the prompt has, once that is known. */
  readonly inputTokens?: number;
  /** Set when the text has ended. */
  readonly end?: TextEnd;
}

export const textEndReasons = ['stop', 'length', 'context-full', 'prompt-too-long'] as const;

/**
 * Why a text has ended. `stop`: the model has ended it, or a reverse prompt was found. `length`: it has as many tokens as
 * were asked for. `context-full`: it has as many as the context takes. `prompt-too-long`: the context does not take the prompt.
 */
export type TextEndReason = (typeof textEndReasons)[number];

export interface TextEnd {
  readonly reason: TextEndReason;
  /** The token that has ended it, as text, such as `</s>`; empty where none has. No piece contains it. */
  readonly endToken: string;
  readonly inputTokens: number;
  /** How many tokens were generated, the one that has ended the text included. */
  readonly outputTokens: number;
}

export function isTextProgress(value: unknown): value is TextProgress {
  return isObjectWith(value, 'pieces') && Array.isArray(value.pieces);
}

/** The counts of a text as WasmEdge and WAMR write them. */
export function describeCounts(
  { buildNumber, commit }: TextModel,
  { inputTokens, outputTokens }: Pick<TextEnd, 'inputTokens' | 'outputTokens'>,
): string {
  return `{"input_tokens": ${inputTokens}, "output_tokens": ${outputTokens}, "llama_build_number": ${buildNumber}, "llama_commit": "${commit}"}`;
}
