import { WasiNNError } from '../../standard/error.js';
import type { TextConfiguration, TextSetting } from '../../standard/text-configuration.js';
import { threadCount } from '../thread-count.js';
import type { GgufDescription } from './gguf.js';
import type { ModelParts } from './model-parts.js';

/** Settings as wllama takes them. */
export type Parameters = Readonly<Record<string, unknown>>;

/** Settings that wllama has under the same name, but for underscores. */
const loadSettings = [
  'ubatch-size:n_ubatch',
  'batch-size:n_batch',
  'n-keep:n_keep',
  'n-cache-reuse:n_cache_reuse',
  'cont-batching:cont_batching',
  'warmup:warmup',
  'no-kv-offload:no_kv_offload',
  'lora-init-without-apply:lora_init_without_apply',
  'chat-template:chat_template',
  'rope-freq-base:rope_freq_base',
  'rope-freq-scale:rope_freq_scale',
  'yarn-ext-factor:yarn_ext_factor',
  'yarn-attn-factor:yarn_attn_factor',
  'yarn-beta-fast:yarn_beta_fast',
  'yarn-beta-slow:yarn_beta_slow',
  'yarn-orig-ctx:yarn_orig_ctx',
] as const;

const requestSettings = [
  'temp:temperature',
  'top-k:top_k',
  'top-p:top_p',
  'min-p:min_p',
  'typ-p:typical_p',
  'repeat-penalty:repeat_penalty',
  'presence-penalty:presence_penalty',
  'frequency-penalty:frequency_penalty',
  'last-n-penalty:repeat_last_n',
  'dynatemp-range:dynatemp_range',
  'dynatemp-exponent:dynatemp_exponent',
  'xtc-probability:xtc_probability',
  'xtc-threshold:xtc_threshold',
  'dry-multipier:dry_multiplier',
  'dry-base:dry_base',
  'dry-allowed-length:dry_allowed_length',
  'mirostat:mirostat',
  'mirostat-eta:mirostat_eta',
  'seed:seed',
  'min-keep:min_keep',
  'ignore-eos:ignore_eos',
] as const;

const poolingTypes = new Map([
  [-1, 'unspecified'],
  [0, 'none'],
  [1, 'mean'],
  [2, 'cls'],
  [3, 'last'],
  [4, 'rank'],
]);
const ropeScalingTypes = new Map([
  [0, 'LLAMA_ROPE_SCALING_TYPE_NONE'],
  [1, 'LLAMA_ROPE_SCALING_TYPE_LINEAR'],
  [2, 'LLAMA_ROPE_SCALING_TYPE_YARN'],
]);
const cacheTypes = new Map([
  [0, 'f32'],
  [1, 'f16'],
  [2, 'q4_0'],
  [3, 'q4_1'],
  [6, 'q5_0'],
  [7, 'q5_1'],
  [8, 'q8_0'],
]);

/** What is known of a model's files. */
interface LoadedParts extends Pick<ModelParts, 'hasProjector'> {
  readonly gguf: Pick<GgufDescription, 'contextTokens' | 'hasPooling'>;
}

/** How many tokens a context has where no setting says so. */
export const defaultContextTokens = 1024;

/**
 * What a model is loaded with.
 *
 * @throws WasiNNError `invalid-argument` for a number that stands for nothing
 */
export function toLoadParameters(
  configuration: TextConfiguration,
  { gguf, hasProjector }: LoadedParts,
  gpuLayers: number,
): Parameters {
  const { contextTokens: trainedTokens, hasPooling } = gguf;
  const wished = numberOf(configuration['ctx-size']) ?? defaultContextTokens;
  const most = trainedTokens ?? Math.max(wished, defaultContextTokens);
  return {
    ...renamed(configuration, loadSettings),
    // A longer context than the model was trained for would only take memory. 0 stands for the longest.
    n_ctx: wished > 0 ? Math.min(wished, most) : most,
    // One text at a time has the whole context.
    n_parallel: 1,
    n_threads: threads(configuration.threads),
    n_gpu_layers: gpuLayers,
    ...(hasProjector && { mmproj_offload: gpuLayers > 0 }),
    ...named(configuration, 'rope-scaling-type', 'rope_scaling_type', ropeScalingTypes),
    ...named(configuration, 'cache-type-k', 'cache_type_k', cacheTypes),
    ...named(configuration, 'cache-type-v', 'cache_type_v', cacheTypes),
    ...flashAttention(configuration['flash-attn']),
    ...(isEmbedding(configuration) && { embeddings: true, ...pooling(configuration, hasPooling) }),
  };
}

/**
 * What a text is generated with.
 *
 * @throws WasiNNError `invalid-argument` for a JSON schema that is no JSON
 */
export function toRequestParameters(configuration: TextConfiguration): Parameters {
  const { grammar, 'json-schema': schema } = configuration;
  return {
    ...renamed(configuration, requestSettings),
    max_tokens: maximumTokens(configuration) || 1,
    ...(grammar && { grammar }),
    ...(schema && { json_schema: parseSchema(String(schema)) }),
  };
}

/** How many tokens are asked for; less than 0 for as many as come. */
export function maximumTokens(configuration: TextConfiguration): number {
  return numberOf(configuration['n-predict']) ?? -1;
}

export function isEmbedding({ embedding }: TextConfiguration): boolean {
  return embedding === true;
}

export function numberOf(setting: TextSetting | undefined): number | undefined {
  return typeof setting === 'number' ? setting : undefined;
}

function renamed(configuration: TextConfiguration, names: readonly `${string}:${string}`[]): Parameters {
  return Object.fromEntries(
    names.flatMap((pair) => {
      const [name = '', parameter = ''] = pair.split(':');
      const setting = configuration[name];
      return setting === undefined ? [] : [[parameter, setting]];
    }),
  );
}

function named(
  configuration: TextConfiguration,
  name: string,
  parameter: string,
  names: ReadonlyMap<number, string>,
): Parameters {
  const number = numberOf(configuration[name]);
  if (number === undefined) return {};
  const text = names.get(number);
  if (text !== undefined) return { [parameter]: text };
  const known = Array.from(names, ([key, value]) => `${key} (${value})`).join(', ');
  throw new WasiNNError('invalid-argument', `load: the setting "${name}" is ${number}; it may be ${known}`);
}

/** Without pooling, the last token's embedding is that of the text, as in WasmEdge. */
function pooling(configuration: TextConfiguration, hasPooling: boolean): Parameters {
  const type = numberOf(configuration['pooling-type']) ?? -1;
  if (type === 0 || (type === -1 && !hasPooling)) return { pooling_type: 'last' };
  return named({ 'pooling-type': type }, 'pooling-type', 'pooling_type', poolingTypes);
}

function flashAttention(setting: TextSetting | undefined): Parameters {
  if (setting === undefined) return {};
  return { flash_attn: setting !== false && setting !== 'off' };
}

/** Half the cores, unless a setting says otherwise: more threads than free cores make llama.cpp slower. */
function threads(setting: TextSetting | undefined): number {
  const most = threadCount();
  const wished = numberOf(setting) ?? Math.floor(most / 2);
  return Math.max(1, Math.min(most, wished));
}

function parseSchema(schema: string): unknown {
  try {
    return JSON.parse(schema);
  } catch {
    throw new WasiNNError(
      'invalid-argument',
      'compute: the setting "json-schema" is no JSON: give a schema as a string',
    );
  }
}
