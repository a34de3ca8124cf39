import { wasi } from '@bjorn3/browser_wasi_shim';
import { describe, expect, it } from 'vitest';
import { maxReplyBytes, type PageReply, writeReply } from '../rpc/page-reply.js';
import { emptyEnvironment } from '../rpc/program-environment.js';
import { createPageInput, InputError, type PageInput } from './page-input.js';
import { createPreview1 } from './wasi-preview1.js';

const piece = (text: string): PageReply => ({ bytes: new TextEncoder().encode(text) });

/** An input for which the page has these replies. */
function open(suspends: boolean, ...replies: PageReply[]): PageInput {
  const left = [...replies];
  const next = () => left.shift() ?? { end: true };
  const memory = new Int32Array(new SharedArrayBuffer(12 + maxReplyBytes));
  const calls = { request: async () => next(), notify: () => writeReply(memory, next()), replies: memory };
  return createPageInput(calls, suspends);
}

async function take(input: PageInput, byteLength: number): Promise<string | undefined> {
  await input.ready();
  const bytes = input.take(byteLength);
  return bytes && new TextDecoder().decode(bytes);
}

describe.each([
  ['suspended', true],
  ['blocked', false],
])('a guest that is %s', (_what, suspends) => {
  it('takes pieces in parts, and asks for the next when one is used up', async () => {
    const input = open(suspends, piece('meow'), piece('!'));
    expect([await take(input, 3), await take(input, 3), await take(input, 3)]).toEqual(['meo', 'w', '!']);
    expect([await take(input, 3), await take(input, 3)]).toEqual([undefined, undefined]);
  });

  it('meets an error once', async () => {
    const input = open(suspends, { error: 'stdin: the line is dead' });
    await input.ready();
    expect(() => input.take(1)).toThrow(InputError);
    expect(await take(input, 1)).toBeUndefined();
  });
});

it('does not wait while something is left of a piece', async () => {
  const input = open(true, piece('meow'));
  await take(input, 1);
  expect(input.ready()).toBeUndefined();
});

it('fails where the guest blocks and shares no memory with the page', async () => {
  const input = createPageInput(
    { request: async () => ({ end: true }), notify: () => undefined, replies: undefined },
    false,
  );
  await input.ready();
  expect(() => input.take(1)).toThrow('stdin: the guest cannot wait for the page');
});

it('is the standard input of preview 1, whose errors have a number', () => {
  const input = open(false, piece('meow'), { error: 'stdin: the line is dead' });
  const preview1 = createPreview1({ ...emptyEnvironment, stdin: 'page' }, () => undefined, input);
  const memory = new WebAssembly.Memory({ initial: 1 });
  preview1.attach(memory);
  const view = new DataView(memory.buffer);
  view.setUint32(0, 1024, true);
  view.setUint32(4, 3, true);
  const read = () => [preview1.functions.get('fd_read')?.(0, 0, 1, 64), view.getUint32(64, true)];
  expect([read(), read(), read(), read()]).toEqual([
    [wasi.ERRNO_SUCCESS, 3],
    [wasi.ERRNO_SUCCESS, 1],
    [wasi.ERRNO_IO, 0],
    [wasi.ERRNO_SUCCESS, 0],
  ]);
  expect(preview1.functions.get('fd_write')?.(0, 0, 1, 64)).not.toBe(wasi.ERRNO_SUCCESS);
});
