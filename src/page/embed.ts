import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import { readText } from './read-text.js';

const encoder = new TextEncoder();
const embedding = encoder.encode('{"embedding":true}');

/**
 * Has a language model embed a text.
 *
 * @param signal once this is aborted, the promise rejects with its reason
 * @throws WasiNNError `invalid-argument` where the graph is no language model, `too-large` for a text that is too long
 */
export async function embed(
  client: InferenceClient,
  graph: GraphInfo,
  text: string,
  signal: AbortSignal,
): Promise<Float32Array<ArrayBuffer>> {
  const request = { prompt: encoder.encode(text), configuration: embedding.slice() };
  let answer = '';
  for await (const { pieces } of readText('embed', client, graph, request, signal)) answer += pieces.join('');
  return parseEmbedding(answer);
}

/** The embedding comes as guests of WasmEdge get it. */
function parseEmbedding(answer: string): Float32Array<ArrayBuffer> {
  const parsed: unknown = JSON.parse(answer);
  const values: unknown = isObjectWith(parsed, 'embedding') ? parsed.embedding : undefined;
  if (Array.isArray(values) && values.every((value) => typeof value === 'number')) return Float32Array.from(values);
  throw new WasiNNError('runtime-error', 'embed: the engine gave an answer of the wrong kind');
}
