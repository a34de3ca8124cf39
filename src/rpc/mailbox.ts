import { headerLength, type IncomingMessage, parseHeader, toChunks } from './message-stream.js';
import { createSharedMemory } from './shared-memory.js';

/**
 * Memory that the hub shares with one guest whose thread blocks, since such a thread receives no messages. Requests go
 * through one half, responses through the other. A message passes in pieces: before each further piece, the writer waits until
 * the reader has taken the one before. It does not wait for the last: the response, or the next request, says that it was taken.
 * The guest waits with `Atomics.wait`, the hub with `Atomics.waitAsync`, so that it goes on serving others.
 *
 * Words: the length of the piece that is in the first half (0: none), the same for the second half, whether the hub
 * needs a message (`ring`) for each change because its browser lacks `Atomics.waitAsync`, and whether the mailbox is closed.
 */
export type Mailbox = SharedArrayBuffer;

const requestWord = 0;
const responseWord = 1;
const ringWord = 2;
const closedWord = 3;
const firstPiece = 16;

/** Most messages fit into one piece. Copying a piece holds the hub's thread for about 1 ms. */
export const pieceBytes = 1 << 22;

/** How long one mailbox may keep the hub's thread busy before others have their turn, in ms. */
const busyMilliseconds = 8;

/** How often the hub looks at a mailbox that it waits for, in ms. */
const pollMilliseconds = 500;

/** @throws TypeError where the browser has no shared memory */
export function createMailbox(): Mailbox {
  return createSharedMemory(firstPiece + 2 * pieceBytes);
}

interface Half {
  readonly words: Int32Array;
  readonly word: number;
  readonly piece: Uint8Array;
}

function halves(mailbox: Mailbox): { readonly requests: Half; readonly responses: Half } {
  const words = new Int32Array(mailbox, 0, firstPiece / Int32Array.BYTES_PER_ELEMENT);
  const half = (word: number) => ({
    words,
    word,
    piece: new Uint8Array(mailbox, firstPiece + word * pieceBytes, pieceBytes),
  });
  return { requests: half(requestWord), responses: half(responseWord) };
}

/** The guest's end. */
export interface BlockingMailbox {
  /** Sends a message and blocks until the response has come. */
  request(message: unknown): unknown;
  /** Blocks until a response has come to a request that went another way. */
  receive(): unknown;
}

/** @param ring tells the hub that the mailbox has changed, where it asks for that; it posts a message */
export function openBlockingMailbox(mailbox: Mailbox, ring: () => void): BlockingMailbox {
  const { requests, responses } = halves(mailbox);

  function changed({ words, word }: Half): void {
    Atomics.notify(words, word);
    if (Atomics.load(words, ringWord) === 1) ring();
  }

  function send(message: unknown): void {
    for (const { length, isLast } of fillPieces(requests.piece, toChunks(message))) {
      Atomics.store(requests.words, requests.word, length);
      changed(requests);
      if (!isLast) waitWhile(requests, length);
    }
  }

  /** Blocks until the word is another than `value`. */
  function waitWhile({ words, word }: Half, value: number): number {
    for (;;) {
      const current = Atomics.load(words, word);
      if (current !== value) return current;
      Atomics.wait(words, word, value);
    }
  }

  function receive(): unknown {
    const reader = createReader();
    for (;;) {
      const length = waitWhile(responses, 0);
      const isWhole = reader.take(responses.piece.subarray(0, length));
      Atomics.store(responses.words, responses.word, 0);
      changed(responses);
      if (isWhole) return reader.result().message;
    }
  }

  return {
    request(message) {
      send(message);
      return receive();
    },
    receive,
  };
}

export interface ReceivedMessage {
  readonly message: unknown;
  /** How many bytes came beside the header. Where they are more than is allowed, the message lacks them. */
  readonly byteLength: number;
}

/** The hub's end. */
export interface HubMailbox {
  /** Resolves to the next message; to nothing once the mailbox is closed. @throws what `parseHeader` throws */
  receive(): Promise<ReceivedMessage | undefined>;
  send(message: unknown): Promise<void>;
  /** Looks whether the mailbox has changed: the guest reports it by a message. */
  rung(): void;
  /** Ends what waits here. The guest's thread is gone. */
  close(): void;
}

/** @param maximumBytes how many bytes one request may have beside its header */
export function openHubMailbox(mailbox: Mailbox, maximumBytes: number): HubMailbox {
  const { requests, responses } = halves(mailbox);
  const { words } = requests;
  const hasWaitAsync = 'waitAsync' in Atomics;
  let waiting: { readonly word: number; readonly value: number; resolve(): void } | undefined;
  if (!hasWaitAsync) Atomics.store(words, ringWord, 1);

  /** When this began to keep the thread busy without a pause. */
  let busySince = performance.now();

  const isClosed = () => Atomics.load(words, closedWord) === 1;

  /** Ends the wait where the word has changed. */
  function rung(): void {
    if (!waiting) return;
    if (isClosed() || Atomics.load(words, waiting.word) !== waiting.value) waiting.resolve();
    // The guest may be the one that missed a change.
    Atomics.notify(words, requests.word);
    Atomics.notify(words, responses.word);
  }

  // WebKitGTK has been seen to lose a notification of `Atomics.waitAsync`. Both ends then waited for each other for minutes.
  const poll = setInterval(rung, pollMilliseconds);

  /** Resolves when the word is another than `value`, or the mailbox is closed. */
  async function waitWhile({ word }: Half, value: number): Promise<number> {
    for (;;) {
      const current = Atomics.load(words, word);
      if (current !== value || isClosed()) return current;
      await new Promise<void>((resolve) => {
        waiting = { word, value, resolve };
        if (!hasWaitAsync) return;
        const change = Atomics.waitAsync(words, word, value);
        if (change.async) change.value.then(() => resolve());
        else resolve();
      });
      busySince = performance.now();
    }
  }

  /** Lets the thread serve others: a guest that answers at once would never let it come to its event loop. */
  async function pause(): Promise<void> {
    if (performance.now() - busySince < busyMilliseconds) return;
    await new Promise((resolve) => setTimeout(resolve));
    busySince = performance.now();
  }

  return {
    async receive() {
      const reader = createReader(maximumBytes);
      for (;;) {
        const length = await waitWhile(requests, 0);
        await pause();
        if (isClosed()) return undefined;
        // The guest's thread may write anything: a length is never believed.
        const isWhole = reader.take(requests.piece.subarray(0, Math.max(0, length)));
        Atomics.store(words, requests.word, 0);
        Atomics.notify(words, requests.word);
        if (isWhole) return reader.result();
      }
    },
    async send(message) {
      for (const { length, isLast } of fillPieces(responses.piece, toChunks(message))) {
        Atomics.store(words, responses.word, length);
        Atomics.notify(words, responses.word);
        if (isLast) return;
        await waitWhile(responses, length);
        await pause();
        if (isClosed()) return;
      }
    },
    rung,
    close() {
      Atomics.store(words, closedWord, 1);
      Atomics.notify(words, requests.word);
      Atomics.notify(words, responses.word);
      clearInterval(poll);
      rung();
    },
  };
}

interface FilledPiece {
  /** How many bytes are in it. */
  readonly length: number;
  readonly isLast: boolean;
}

/** Fills a piece again and again with what is left of some chunks. */
function* fillPieces(piece: Uint8Array, chunks: readonly Uint8Array[]): Generator<FilledPiece> {
  let left = chunks.reduce((total, { byteLength }) => total + byteLength, 0);
  let length = 0;
  for (const chunk of chunks) {
    for (let offset = 0; offset < chunk.byteLength; ) {
      const part = chunk.subarray(offset, offset + piece.byteLength - length);
      piece.set(part, length);
      length += part.byteLength;
      offset += part.byteLength;
      left -= part.byteLength;
      if (length < piece.byteLength && left > 0) continue;
      yield { length, isLast: left === 0 };
      length = 0;
    }
  }
}

interface Reader {
  /** Copies a piece out. @returns whether the message is whole */
  take(piece: Uint8Array): boolean;
  result(): ReceivedMessage;
}

/** Names, shapes and texts: more is no message of this library. */
const maximumHeaderBytes = 1 << 26;

/** Puts a message together from its pieces. */
function createReader(maximumBytes = Number.POSITIVE_INFINITY): Reader {
  const lengthBytes = new Uint8Array(4);
  let header: Uint8Array<ArrayBuffer> | undefined;
  let received: IncomingMessage | undefined;
  /** What is to be filled next. */
  let targets: Uint8Array[] = [lengthBytes];
  /** How many bytes are to be skipped. */
  let skipped = 0;

  /** Called when all targets are full. @returns whether more is to come */
  function proceed(): boolean {
    if (received) return false;
    if (!header) {
      const length = headerLength(lengthBytes);
      if (length > maximumHeaderBytes) throw new RangeError(`a message has a header of ${length} bytes`);
      header = new Uint8Array(length);
      targets = [header];
      return true;
    }
    received = parseHeader(header, maximumBytes);
    targets = received.arrays.filter(({ byteLength }) => byteLength > 0);
    if (targets.length === 0) skipped = received.byteLength;
    return received.byteLength > 0;
  }

  /** Copies as much of a piece as the first target takes. @returns what is left of the piece */
  function fill(target: Uint8Array, unread: Uint8Array): Uint8Array {
    const part = unread.subarray(0, target.byteLength);
    target.set(part);
    if (part.byteLength < target.byteLength) targets[0] = target.subarray(part.byteLength);
    else targets.shift();
    return unread.subarray(part.byteLength);
  }

  return {
    take(piece) {
      let unread = piece;
      while (unread.byteLength > 0) {
        const [target] = targets;
        if (target) unread = fill(target, unread);
        else {
          const length = Math.min(skipped, unread.byteLength);
          skipped -= length;
          unread = unread.subarray(length);
        }
        if (targets.length === 0 && skipped === 0 && !proceed()) return true;
      }
      return false;
    },
    result: () => ({ message: received?.message, byteLength: received?.byteLength ?? 0 }),
  };
}
