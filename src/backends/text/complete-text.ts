import { messageOf } from '../../standard/error.js';
import type { TextEndReason } from '../../standard/text.js';
import type { TextConfiguration, TextSetting } from '../../standard/text-configuration.js';
import { type Chunk, tooManyTokens } from './answers.js';
import type { Llama, LlamaPrompt } from './llama.js';
import { maximumTokens, toRequestParameters } from './parameters.js';
import type { TextStream } from './text-stream.js';

export interface Completion {
  readonly stream: TextStream;
  readonly llama: Llama;
  readonly prompt: LlamaPrompt;
  readonly configuration: TextConfiguration;
  tokenText(token: number): string;
}

/** So many tokens WasmEdge leaves for the answer at least. */
const leastAnswerTokens = 4;

/** Has a model go on with a prompt, and puts what it generates into the stream. @throws what wllama throws */
export async function completeText(completion: Completion): Promise<void> {
  const { stream, llama, prompt, configuration } = completion;
  // Has wllama stop: it would generate on.
  const ending = new AbortController();
  const answer = createAnswer(completion, () => ending.abort());
  const parameters = toRequestParameters(configuration);
  try {
    await llama.complete(prompt, parameters, answer.add, AbortSignal.any([stream.signal, ending.signal]));
    answer.finish();
  } catch (cause) {
    if (answer.hasEnded()) return;
    const tokens = tooManyTokens(messageOf(cause));
    if (tokens === undefined) throw cause;
    answer.refusePrompt(tokens);
  }
}

/** @param stop called where the answer ends before wllama ends it */
function createAnswer({ stream, llama, configuration, tokenText }: Completion, stop: () => void) {
  const { contextTokens, trainedTokens, endTokens } = llama.model;
  const mostInputTokens = Math.min(contextTokens, trainedTokens || contextTokens) - leastAnswerTokens;
  const most = maximumTokens(configuration);
  const hasReversePrompt = createSearch(configuration['reverse-prompt']);
  let inputTokens = 0;
  let outputTokens = 0;
  let endToken = '';
  let isOver = false;
  let finishReason: Chunk['finishReason'];

  function finish(reason: TextEndReason): void {
    if (!isOver) stream.end({ reason, endToken, inputTokens, outputTokens });
    isOver = true;
  }

  function finishEarly(reason: TextEndReason): void {
    finish(reason);
    stop();
  }

  function addText({ text, token }: Chunk): void {
    // wllama generates a token even where none is asked for.
    if (most === 0) return;
    if (token !== undefined) outputTokens++;
    if (token !== undefined && endTokens.includes(token)) endToken = tokenText(token);
    if (text === '') return;
    stream.push(text);
    if (hasReversePrompt(text)) finishEarly('stop');
  }

  /** Ends the text for the reason that has come, if one has. */
  function finishForReason(): void {
    if (finishReason === undefined) return;
    const isAsked = most >= 0 && outputTokens >= most;
    finish(finishReason === 'stop' ? 'stop' : isAsked ? 'length' : 'context-full');
  }

  /** The counts come with the reason; in a chat after it. */
  function noteEnd(chunk: Chunk): void {
    finishReason = chunk.finishReason ?? finishReason;
    if (chunk.outputTokens === undefined) return;
    if (most !== 0) outputTokens = chunk.outputTokens;
    finishForReason();
  }

  return {
    hasEnded: () => isOver,
    add(chunk: Chunk): void {
      if (isOver) return;
      if (chunk.inputTokens !== undefined) inputTokens = chunk.inputTokens;
      if (inputTokens > 0) stream.setInputTokens(inputTokens);
      if (inputTokens > mostInputTokens) finishEarly('prompt-too-long');
      if (!isOver) addText(chunk);
      if (!isOver) noteEnd(chunk);
    },
    /** Called when wllama sends no more chunks. */
    finish: finishForReason,
    refusePrompt(tokens: number): void {
      inputTokens = tokens;
      finish('prompt-too-long');
    },
  };
}

/** Finds a text in one that comes in pieces. An empty text is never found. */
function createSearch(wanted: TextSetting | undefined): (piece: string) => boolean {
  if (typeof wanted !== 'string' || wanted === '') return () => false;
  let tail = '';
  return (piece) => {
    const text = tail + piece;
    tail = text.slice(-wanted.length);
    return text.includes(wanted);
  };
}
