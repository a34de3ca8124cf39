import { WasiNNError } from '../standard/error.js';

/** What a function for language models fails with. WasmEdge and WAMR have numbers of their own for it. */
export class TextError extends WasiNNError {
  readonly errno: number;

  constructor(errno: number, code: 'runtime-error' | 'too-large' | 'not-found', message: string) {
    super(code, message);
    this.errno = errno;
  }
}

/** The error of `compute_single` where there is no further token. Nothing has failed. */
export class EndOfSequence extends TextError {}

export function endOfSequence(): EndOfSequence {
  return new EndOfSequence(100, 'runtime-error', 'compute_single: the text has ended');
}

export function contextFull(): TextError {
  const text =
    'compute: the context is full; the text so far is its output: set "ctx-size", or "n-predict" to end earlier';
  return new TextError(101, 'too-large', text);
}

export function promptTooLong(tokens: number): TextError {
  const text = `compute: the prompt has ${tokens} tokens, too many for the context: shorten it, or set "ctx-size"`;
  return new TextError(102, 'too-large', text);
}

export function modelNotFound(message: string): TextError {
  return new TextError(103, 'not-found', message);
}
