import { describe, expect, it } from 'vitest';
import type { PageReply } from '../rpc/page-reply.js';
import type { WasiNNError } from '../standard/error.js';
import { type InputSource, parseInput } from './standard-input.js';

/** A source, with the errors that the page gets. */
function open(input: unknown): { readonly source: InputSource; readonly errors: WasiNNError[] } {
  const errors: WasiNNError[] = [];
  const source = parseInput(input, (error) => errors.push(error));
  if (source instanceof Uint8Array) throw new Error('expected a source, came bytes');
  return { source, errors };
}

function textOf(reply: PageReply): unknown {
  return 'bytes' in reply ? new TextDecoder().decode(reply.bytes) : reply;
}

/** A function that returns these pieces, one after another. */
function pieces(...list: readonly unknown[]) {
  const left = [...list];
  return () => left.shift();
}

describe('parseInput', () => {
  it('takes text and bytes as they are', () => {
    expect(parseInput('größe', () => undefined)).toEqual(new TextEncoder().encode('größe'));
    expect(parseInput(Uint8Array.of(1, 2), () => undefined)).toEqual(Uint8Array.of(1, 2));
  });

  it.each([
    ['nothing', null, 'stdin: expected a string, a Uint8Array, a ReadableStream or a function, came null'],
    ['a list', [1], 'stdin: expected a string, a Uint8Array, a ReadableStream or a function, came [1]'],
  ])('refuses %s', (_what, input, message) => {
    expect(() => open(input)).toThrow(expect.objectContaining({ code: 'invalid-argument', message }));
  });

  it('refuses a stream that something else reads', () => {
    const stream = new ReadableStream();
    stream.getReader();
    expect(() => open(stream)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});

describe('a source', () => {
  it('reads a stream of text and bytes to its end, and passes over empty pieces', async () => {
    const stream = new ReadableStream({
      start(controller) {
        for (const piece of ['é', '', Uint8Array.of(97), new Uint8Array()]) controller.enqueue(piece);
        controller.close();
      },
    });
    const { source } = open(stream);
    expect([textOf(await source.next()), textOf(await source.next())]).toEqual(['é', 'a']);
    expect([await source.next(), await source.next()]).toEqual([{ end: true }, { end: true }]);
  });

  it('hands on a long piece in parts of 64 KiB', async () => {
    const { source } = open(pieces('x'.repeat(150_000)));
    const lengths: number[] = [];
    for (let reply = await source.next(); 'bytes' in reply; reply = await source.next()) {
      lengths.push(reply.bytes.byteLength);
    }
    expect(lengths).toEqual([65_536, 65_536, 150_000 - 2 * 65_536]);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('the line is dead')), 'stdin: the line is dead'],
    ['returns a number', pieces(7), 'stdin: expected a piece of text or a Uint8Array, came 7'],
  ])('reports a function that %s to the guest and the page, once', async (_what, input, error) => {
    const { source, errors } = open(input);
    expect(await source.next()).toEqual({ error });
    expect(await source.next()).toEqual({ end: true });
    expect(errors).toEqual([expect.objectContaining({ code: 'runtime-error', message: error })]);
  });

  it('refuses a second reader', async () => {
    let resolve: (piece: string) => void = () => undefined;
    const { source } = open(
      () =>
        new Promise((settle) => {
          resolve = settle;
        }),
    );
    const first = source.next();
    expect(await source.next()).toEqual({ error: 'stdin: it is being read' });
    resolve('late');
    expect(textOf(await first)).toBe('late');
  });

  it('cancels its stream, and is at its end then', async () => {
    const reasons: unknown[] = [];
    const { source } = open(new ReadableStream({ cancel: (reason) => void reasons.push(reason) }));
    const reason = new Error('the guest has ended');
    source.cancel(reason);
    expect(reasons).toEqual([reason]);
    expect(await source.next()).toEqual({ end: true });
  });
});
