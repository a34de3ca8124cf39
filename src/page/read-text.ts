import type { GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import type { TextProgress, TextRequest } from '../standard/text.js';
import { untilAborted } from './until-aborted.js';

/**
 * Has a language model begin a text, and yields what comes of it. To leave the iteration ends the text.
 *
 * @param operation what the page has called, for the texts of errors
 * @param signal once this is aborted, the iteration throws its reason
 * @throws WasiNNError `invalid-argument` where the graph is no language model, `too-large` for a prompt that is too long
 */
export async function* readText(
  operation: string,
  client: InferenceClient,
  { id, text: model }: GraphInfo,
  request: TextRequest,
  signal: AbortSignal,
): AsyncGenerator<TextProgress, void, undefined> {
  if (!model) throw new WasiNNError('invalid-argument', `${operation}: the graph is no language model: compute it`);
  signal.throwIfAborted();
  const starting = Promise.resolve(client.startText(id, request));
  const stop = (text: number) => void Promise.resolve(client.stopText(text)).catch(() => undefined);
  const text = await untilAborted(signal, () => starting).catch((cause) => {
    starting.then(stop, () => undefined);
    throw cause;
  });
  try {
    for (;;) {
      const progress = await untilAborted(signal, async () => client.readText(text));
      const { end } = progress;
      if (end?.reason === 'prompt-too-long') throw tooLong(operation, end.inputTokens, model.contextTokens);
      yield progress;
      if (end) return;
    }
  } finally {
    stop(text);
  }
}

function tooLong(operation: string, tokens: number, contextTokens: number): WasiNNError {
  const text = `${operation}: the prompt has ${tokens} tokens, too many for a context of ${contextTokens}: shorten it`;
  return new WasiNNError('too-large', text);
}
