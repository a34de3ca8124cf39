import type { GraphBuilder } from '../standard/graph.js';
import { describeCounts, type TextEnd, type TextModel } from '../standard/text.js';
import { parseTextConfiguration, type TextConfiguration } from '../standard/text-configuration.js';

/** How one host runs language models. */
export interface TextDialect {
  /** Settings that hold where a guest does not say otherwise. */
  readonly defaults: TextConfiguration;
  /** What a guest's configuration is for the engine. */
  prepare(configuration: string): string;
  /** Whether a context takes settings, as input 1. */
  readonly takesSettings: boolean;
  /** Whether prompts have images: in a tag `<img src="data:image/…">`, or in the file that the setting `image` names. */
  readonly takesImages: boolean;
  /** Whether the number of tokens that a guest asks for includes the prompt's. */
  readonly countsPrompt: boolean;
  /** Output 1. */
  describe(model: TextModel, counts: Pick<TextEnd, 'inputTokens' | 'outputTokens'>): string;
}

const decoder = new TextDecoder();

/** The settings that belong to an execution context; the others are its graph's. */
export const contextSettings: ReadonlySet<string> = new Set(['n-predict', 'reverse-prompt', 'image', 'stream-stdout']);

export const wasmEdgeDialect: TextDialect = {
  defaults: {},
  prepare: (configuration) => configuration,
  takesSettings: true,
  takesImages: true,
  countsPrompt: false,
  describe: describeCounts,
};

const wamrSettings = [
  'enable-log',
  'enable-debug-log',
  'stream-stdout',
  'embedding',
  'n-predict',
  'n-gpu-layers',
  'ctx-size',
];

/** WAMR takes the likeliest token each time. It reads few settings, and ignores a configuration that it cannot read. */
export const wamrDialect: TextDialect = {
  defaults: { 'n-predict': 512, temp: 0, 'top-k': 1 },
  prepare(configuration) {
    const settings = Object.entries(parseLeniently(configuration));
    return JSON.stringify(Object.fromEntries(settings.filter(([name]) => wamrSettings.includes(name))));
  },
  takesSettings: false,
  takesImages: false,
  countsPrompt: true,
  describe: ({ buildNumber, commit }, { inputTokens, outputTokens }) =>
    `{"input_tokens":${inputTokens}, "output_tokens":${outputTokens}, "llama_build_number":${buildNumber},"llama_commit":"${commit}"}`,
};

function parseLeniently(configuration: string): TextConfiguration {
  try {
    return parseTextConfiguration('load_by_name_with_config', configuration);
  } catch {
    return {};
  }
}

/** The configuration among the parts of a language model: the last of them, where it is no GGUF file. */
export function configurationIn(parts: readonly GraphBuilder[]): string | undefined {
  const last = parts.at(-1);
  if (!last || parts.length < 2 || !isGguf(parts[0]) || isGguf(last)) return undefined;
  return decoder.decode(last);
}

function isGguf(part: GraphBuilder | undefined): boolean {
  return part !== undefined && String.fromCharCode(...part.subarray(0, 4)) === 'GGUF';
}
