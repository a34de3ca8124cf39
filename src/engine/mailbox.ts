import { EngineLost } from './loss.js';
import { unansweredMilliseconds } from './protocol.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * Memory that the engine's thread shares with a guest's thread that blocks, and that cannot receive messages therefore.
 * A stream of bytes comes through it in pieces as large as it holds. The guest's thread asks for each by a message
 * (a thread that blocks can still post), waits, and copies the piece out; the engine never waits, so a guest that is
 * ended meanwhile holds nothing up.
 *
 * The first word is the length of the piece, 0 while there is none, -1 once there will be none; the piece follows it.
 */

const lengthWord = 0;
const closed = -1;
const pieceStart = Int32Array.BYTES_PER_ELEMENT;

/** Most answers fit, so that they take one turn. */
const mailboxBytes = 1 << 20;

/** @throws TypeError where the browser has no shared memory at all */
export function createMailbox(): SharedArrayBuffer {
  return createSharedMemory(mailboxBytes);
}

/** Tells a guest that nothing will come any more. What the engine puts in from then on is lost. */
export function closeMailbox(mailbox: SharedArrayBuffer): void {
  const words = new Int32Array(mailbox, 0, 1);
  Atomics.store(words, lengthWord, closed);
  Atomics.notify(words, lengthWord);
}

/** The engine's end. */
export class MailboxWriter {
  readonly #words: Int32Array;
  readonly #piece: Uint8Array;
  #rest: Uint8Array[] = [];

  constructor(mailbox: SharedArrayBuffer) {
    this.#words = new Int32Array(mailbox, 0, 1);
    this.#piece = new Uint8Array(mailbox, pieceStart);
  }

  /** Begins a stream, in place of what is left of the one before. The bytes must stay as they are until the next. */
  write(chunks: readonly Uint8Array[]): void {
    this.#rest = [...chunks];
    this.next();
  }

  /** Puts in as much as fits of what is left. */
  next(): void {
    let length = 0;
    for (let chunk = this.#rest[0]; chunk && length < this.#piece.byteLength; chunk = this.#rest[0]) {
      const part = chunk.subarray(0, this.#piece.byteLength - length);
      this.#piece.set(part, length);
      length += part.byteLength;
      if (part.byteLength < chunk.byteLength) this.#rest[0] = chunk.subarray(part.byteLength);
      else this.#rest.shift();
    }
    // A mailbox that was closed stays so.
    Atomics.compareExchange(this.#words, lengthWord, 0, length);
    Atomics.notify(this.#words, lengthWord);
  }
}

/** The guest's end. */
export class MailboxReader {
  readonly #words: Int32Array;
  readonly #piece: Uint8Array;
  readonly #askForNext: () => void;
  readonly #onUnanswered: () => void;
  #unread: Uint8Array = new Uint8Array();
  #isClosed = false;

  /**
   * @param askForNext tells the engine's end to go on; called when a piece has been read
   * @param onUnanswered called after each second in which no piece came; it may post messages
   */
  constructor(mailbox: SharedArrayBuffer, askForNext: () => void, onUnanswered: () => void = () => undefined) {
    this.#words = new Int32Array(mailbox, 0, 1);
    this.#piece = new Uint8Array(mailbox, pieceStart);
    this.#askForNext = askForNext;
    this.#onUnanswered = onUnanswered;
  }

  /**
   * Blocks until the piece is there that `ask` asks for: the first of a stream. What `ask` throws is passed on.
   *
   * @throws EngineLost where the mailbox is closed
   */
  waitForPiece(ask: () => void): void {
    this.#isClosed ||= Atomics.exchange(this.#words, lengthWord, 0) === closed;
    if (this.#isClosed) throw new EngineLost();
    ask();
    const length = this.#waitForLength();
    this.#isClosed = length === closed;
    if (this.#isClosed) throw new EngineLost();
    this.#unread = this.#piece.subarray(0, length);
  }

  /** Looks again after each waking: the one for the piece before may come when this thread waits for the next already. */
  #waitForLength(): number {
    for (;;) {
      const length = Atomics.load(this.#words, lengthWord);
      if (length !== 0) return length;
      const outcome = Atomics.wait(this.#words, lengthWord, 0, unansweredMilliseconds);
      if (outcome === 'timed-out') this.#onUnanswered();
    }
  }

  /** Blocks until as many bytes have come; they are the caller's. */
  read(byteLength: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(byteLength);
    for (let filled = 0; filled < byteLength; ) {
      if (this.#unread.byteLength === 0) this.waitForPiece(this.#askForNext);
      const part = this.#unread.subarray(0, byteLength - filled);
      bytes.set(part, filled);
      filled += part.byteLength;
      this.#unread = this.#unread.subarray(part.byteLength);
    }
    return bytes;
  }
}
