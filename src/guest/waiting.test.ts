import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createMailbox, pieceBytes } from '../rpc/mailbox.js';
import { toChunks } from '../rpc/message-stream.js';
import type { Waiting } from '../rpc/waiting.js';
import { connect } from './waiting.js';

/** What a browser can, and what is chosen then. Node has no JSPI, so that it stands for a browser without. */

beforeEach(() => vi.stubGlobal('crossOriginIsolated', false));
afterEach(() => vi.unstubAllGlobals());

function offerJspi(): void {
  const extended = Object.assign(Object.create(WebAssembly), { Suspending: class {}, promising: () => undefined });
  vi.stubGlobal('WebAssembly', extended);
}

/** How a guest that waits would: one that blocks uses its mailbox, the other does not. */
async function chosen(wish?: Waiting, waits = true): Promise<'suspend' | 'block' | 'neither'> {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
    port2.close();
  });
  const mailbox = createMailbox();
  const { client, jspi } = connect(port1, mailbox, waits, wish);
  if (jspi) return 'suspend';
  // The hub answers before it is asked.
  const answer = new Uint8Array(Buffer.concat(toChunks({ result: null })));
  new Uint8Array(mailbox, 16 + pieceBytes).set(answer);
  Atomics.store(new Int32Array(mailbox, 0, 2), 1, answer.byteLength);
  return client.unload(0) instanceof Promise ? 'neither' : 'block';
}

const refusal = (message: RegExp) =>
  expect.objectContaining({
    name: 'WasiNNError',
    code: 'unsupported-operation',
    message: expect.stringMatching(message),
  });

const headers = /"Cross-Origin-Opener-Policy: same-origin" and "Cross-Origin-Embedder-Policy: require-corp"/;

describe('how a guest waits', () => {
  it('is by being suspended where the browser can, on any page', async () => {
    offerJspi();
    expect(await chosen()).toBe('suspend');
    vi.stubGlobal('crossOriginIsolated', true);
    expect(await chosen()).toBe('suspend');
    expect(await chosen('suspend')).toBe('suspend');
  });

  it('is by blocking where the browser cannot suspend and the page is isolated', async () => {
    vi.stubGlobal('crossOriginIsolated', true);
    expect(await chosen()).toBe('block');
    expect(await chosen('block')).toBe('block');
  });

  it('is by blocking where that is wished', async () => {
    offerJspi();
    vi.stubGlobal('crossOriginIsolated', true);
    expect(await chosen('block')).toBe('block');
  });

  it.each([undefined, 'suspend', 'block'] as const)('matters not to a guest that never does (%s)', async (wish) => {
    expect(await chosen(wish, false)).toBe('neither');
  });
});

it('a guest that blocks needs a mailbox from the page', () => {
  vi.stubGlobal('crossOriginIsolated', true);
  const { port1, port2 } = new MessageChannel();
  expect(() => connect(port1, undefined, true, 'block')).toThrow('the page has made no mailbox');
  port1.close();
  port2.close();
});

describe('a guest that has no way to wait is refused with an error that says what is missing', () => {
  it('where there is neither', async () => {
    await expect(chosen()).rejects.toThrow(refusal(/^instantiate: .*\(JSPI\).*Firefox 153/));
    await expect(chosen()).rejects.toThrow(refusal(headers));
  });

  it('where the page is not isolated and blocking is wished', async () => {
    offerJspi();
    await expect(chosen('block')).rejects.toThrow(refusal(headers));
  });

  it('where the browser cannot suspend and that is wished', async () => {
    vi.stubGlobal('crossOriginIsolated', true);
    await expect(chosen('suspend')).rejects.toThrow(refusal(/Safari 27 or later, or waiting: 'block'/));
  });
});
