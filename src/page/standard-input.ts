import { maxReplyBytes, type PageReply } from '../rpc/page-reply.js';
import { isReadableStream, isUint8Array } from '../standard/brand-checks.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { describeValue } from './describe-value.js';

/**
 * What a guest reads from its standard input: all of it, or where its pieces come from. Text is passed on as UTF-8. A function is
 * called when the guest reads and nothing is left of the piece before; it returns `undefined` at the end.
 */
export type StandardInput =
  | string
  | Uint8Array<ArrayBuffer>
  | ReadableStream<string | Uint8Array<ArrayBuffer>>
  | InputFunction;

export type InputFunction = () => InputPiece | PromiseLike<InputPiece>;

export type InputPiece = string | Uint8Array<ArrayBuffer> | undefined;

/** A standard input that a guest reads piece by piece. */
export interface InputSource {
  /** The next piece, of at most 64 KiB. After an error comes the end. */
  next(): Promise<PageReply>;
  /** Tells a stream that nobody reads it any more. */
  cancel(reason: unknown): void;
}

/**
 * @returns the bytes where all of them are there, else where they come from
 * @throws WasiNNError `invalid-argument` for anything else, and for a stream that is read by someone else
 */
export function parseInput(
  input: unknown,
  onError: (error: WasiNNError) => void,
): Uint8Array<ArrayBuffer> | InputSource {
  if (isUint8Array(input)) return input;
  if (typeof input === 'string') return new TextEncoder().encode(input);
  if (typeof input === 'function') {
    return createSource(
      async () => Reflect.apply(input, undefined, []),
      () => undefined,
      onError,
    );
  }
  if (!isReadableStream(input)) {
    throw invalid(`expected a string, a Uint8Array, a ReadableStream or a function, came ${describeValue(input)}`);
  }
  if (input.locked) throw invalid('the stream is locked: something else reads it');
  const reader = input.getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? undefined : value;
  };
  // What a stream answers to its cancellation matters to nobody.
  return createSource(read, (reason) => void reader.cancel(reason).catch(() => undefined), onError);
}

function createSource(
  read: () => Promise<unknown>,
  cancel: (reason: unknown) => void,
  onError: (error: WasiNNError) => void,
): InputSource {
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  let ended = false;
  let reading = false;

  async function fill(): Promise<void> {
    while (!ended && rest.byteLength === 0) {
      const piece = await read();
      if (piece === undefined) ended = true;
      else rest = toBytes(piece);
    }
  }

  return {
    async next() {
      // A guest reads on one thread. Only a worker that runs other code asks twice.
      if (reading) return { error: 'stdin: it is being read' };
      reading = true;
      try {
        await fill();
      } catch (cause) {
        ended = true;
        const error = new WasiNNError('runtime-error', `stdin: ${messageOf(cause)}`, { cause });
        onError(error);
        return { error: error.message };
      } finally {
        reading = false;
      }
      if (rest.byteLength === 0) return { end: true };
      const bytes = rest.slice(0, maxReplyBytes);
      rest = rest.subarray(bytes.byteLength);
      return { bytes };
    },
    cancel(reason) {
      ended = true;
      cancel(reason);
    },
  };
}

function toBytes(piece: unknown): Uint8Array<ArrayBuffer> {
  if (typeof piece === 'string') return new TextEncoder().encode(piece);
  if (isUint8Array(piece)) return piece;
  throw new TypeError(`expected a piece of text or a Uint8Array, came ${describeValue(piece)}`);
}

function invalid(reason: string): WasiNNError {
  return new WasiNNError('invalid-argument', `stdin: ${reason}`);
}
