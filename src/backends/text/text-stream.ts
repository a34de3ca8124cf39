import type { TextEnd, TextProgress } from '../../standard/text.js';

/** A text between what generates it and who reads it. It is generated no slower than it is read, and kept until then. */
export interface TextStream {
  /** Aborts when nobody wants the rest. */
  readonly signal: AbortSignal;
  begin(): void;
  push(piece: string): void;
  setInputTokens(count: number): void;
  end(end: TextEnd): void;
  fail(cause: unknown): void;
  /**
   * What has come since. Waits for the first piece, but not longer than that.
   *
   * @throws what `fail` got, when all pieces before have been read
   */
  read(milliseconds: number): Promise<TextProgress>;
  /** Ends the text. Stopping twice, or at the end, is harmless. */
  stop(): void;
}

export function createTextStream(): TextStream {
  const stopping = new AbortController();
  let pieces: string[] = [];
  let hasBegun = false;
  let inputTokens: number | undefined;
  let ending: TextEnd | undefined;
  let failure: { readonly cause: unknown } | undefined;
  let notify: () => void = () => undefined;

  function wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      notify = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    signal: stopping.signal,
    begin() {
      hasBegun = true;
    },
    push(piece) {
      pieces.push(piece);
      notify();
    },
    setInputTokens(count) {
      inputTokens = count;
    },
    end(end) {
      ending = end;
      notify();
    },
    fail(cause) {
      failure = { cause };
      notify();
    },
    async read(milliseconds) {
      if (pieces.length === 0 && !ending && !failure) await wait(milliseconds);
      if (pieces.length === 0 && failure) throw failure.cause;
      const taken = pieces;
      pieces = [];
      return {
        pieces: taken,
        hasBegun,
        ...(inputTokens !== undefined && { inputTokens }),
        ...(ending && !failure && { end: ending }),
      };
    },
    stop: () => stopping.abort(),
  };
}
