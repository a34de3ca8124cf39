import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createMailbox, MailboxReader, MailboxWriter } from './mailbox.js';
import { fromStream, toStream } from './outcome-stream.js';
import type { Outcome } from './protocol.js';

/** Both ends in one thread: what is asked for is there at once, so nothing blocks. */
function createPair(mailbox: SharedArrayBuffer) {
  let pieces = 1;
  const writer = new MailboxWriter(mailbox);
  const reader = new MailboxReader(mailbox, () => {
    pieces++;
    writer.next();
  });
  return { writer, reader, pieces: () => pieces };
}

const bytesUpTo = (byteLength: number) => Uint8Array.from({ length: byteLength }, (_, index) => index);

describe('a mailbox', () => {
  it('has room for a piece, whatever the browser says of SharedArrayBuffer', () => {
    const mailbox = createMailbox();
    expect(mailbox.byteLength).toBe(1 << 20);
    expect(mailbox).not.toBeInstanceOf(ArrayBuffer);
  });

  it.each([1, 2, 3, 7, 8, 9])('passes streams of any length on in pieces of %d bytes', (capacity) => {
    const { writer, reader } = createPair(new SharedArrayBuffer(4 + capacity));
    for (let byteLength = 1; byteLength < 40; byteLength++) {
      reader.waitForPiece(() => writer.write([bytesUpTo(byteLength)]));
      expect(reader.read(byteLength)).toEqual(bytesUpTo(byteLength));
    }
  });

  it('takes no more pieces than are needed', () => {
    const { writer, reader, pieces } = createPair(new SharedArrayBuffer(4 + 8));
    reader.waitForPiece(() => writer.write([bytesUpTo(5), bytesUpTo(11)]));
    reader.read(16);
    expect(pieces()).toBe(2);
  });

  it('goes on waiting where it is woken for the piece before', async () => {
    const mailbox = new SharedArrayBuffer(4 + 8);
    const asked: string[] = [];
    const reader = new MailboxReader(mailbox, () => asked.push('next'));
    const lateWaking = `
      const words = new Int32Array(require('node:worker_threads').workerData);
      for (let woken = 0; woken < 2; ) woken += Atomics.notify(words, 0);
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);`;
    const writer = new Worker(lateWaking, { eval: true, workerData: mailbox });
    reader.waitForPiece(() => undefined);
    expect(reader.read(1)).toEqual(Uint8Array.of(0));
    expect(asked).toEqual([]);
    await writer.terminate();
  });

  it('reports each second in which no piece comes', async () => {
    const mailbox = new SharedArrayBuffer(4 + 8);
    const write = `
      const words = new Int32Array(require('node:worker_threads').workerData);
      Atomics.store(words, 0, 1);
      Atomics.notify(words, 0);`;
    let writer: Worker | undefined;
    const reader = new MailboxReader(
      mailbox,
      () => undefined,
      () => {
        writer ??= new Worker(write, { eval: true, workerData: mailbox });
      },
    );
    reader.waitForPiece(() => undefined);
    expect(reader.read(1)).toEqual(Uint8Array.of(0));
    expect(writer).toBeDefined();
    await writer?.terminate();
  });

  it('joins what was written apart, and parts what was written together', () => {
    const { writer, reader } = createPair(new SharedArrayBuffer(4 + 5));
    reader.waitForPiece(() => writer.write([bytesUpTo(3), new Uint8Array(), bytesUpTo(9), bytesUpTo(1)]));
    const read = [2, 0, 4, 7].flatMap((byteLength) => [...reader.read(byteLength)]);
    expect(read).toEqual([0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
  });

  it('forgets what nobody read of a stream when the next begins', () => {
    const { writer, reader } = createPair(new SharedArrayBuffer(4 + 4));
    reader.waitForPiece(() => writer.write([bytesUpTo(20).fill(1)]));
    reader.read(6);
    reader.waitForPiece(() => writer.write([Uint8Array.of(2, 3)]));
    expect(reader.read(2)).toEqual(Uint8Array.of(2, 3));
  });

  it('hands out bytes that it keeps no hold of', () => {
    const { writer, reader } = createPair(new SharedArrayBuffer(4 + 4));
    reader.waitForPiece(() => writer.write([Uint8Array.of(1, 2)]));
    const bytes = reader.read(2);
    reader.waitForPiece(() => writer.write([Uint8Array.of(3, 4)]));
    expect(bytes).toEqual(Uint8Array.of(1, 2));
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
  });
});

describe('an outcome as a stream', () => {
  it.each<[string, Outcome]>([
    ['nothing', { result: undefined }],
    ['no tensors', { result: [] }],
    ['an error', { error: { code: 'too-large', message: '\ud800 🦔' } }],
    [
      'tensors',
      {
        result: [
          ['a', { type: 'FP16', dimensions: [1, 2], data: bytesUpTo(4) }],
          ['', { type: 'U8', dimensions: [0], data: new Uint8Array() }],
        ],
      },
    ],
  ])('is read as it was written: %s', (_what, outcome) => {
    const { writer, reader } = createPair(new SharedArrayBuffer(4 + 16));
    reader.waitForPiece(() => writer.write(toStream(outcome)));
    expect(fromStream((byteLength) => reader.read(byteLength))).toEqual(outcome);
  });

  it('that makes no sense is refused', () => {
    const stream = [Uint8Array.of(4, 0, 0, 0), new TextEncoder().encode('null')];
    expect(() => fromStream(() => new Uint8Array(stream.shift() ?? []))).toThrow('cannot be read');
  });
});
