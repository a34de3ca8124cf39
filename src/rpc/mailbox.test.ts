import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMailbox, type HubMailbox, type Mailbox, openHubMailbox, pieceBytes } from './mailbox.js';
import { toChunks } from './message-stream.js';

/** The hub's end, and a guest that may write anything. A guest that really blocks is met in `hub/blocking-guest.test.ts`. */

const maximumBytes = 100;

let mailbox: Mailbox;
let hub: HubMailbox;

beforeEach(() => {
  mailbox = createMailbox();
  hub = openHubMailbox(mailbox, maximumBytes);
});

afterEach(() => {
  hub.close();
});

const words = () => new Int32Array(mailbox, 0, 4);

/** Writes a piece as a guest does. @param length what the guest says of its length */
function post(bytes: Uint8Array, length = bytes.byteLength): void {
  new Uint8Array(mailbox, 16, bytes.byteLength).set(bytes);
  Atomics.store(words(), 0, length);
  Atomics.notify(words(), 0);
}

/** Does so and waits until the hub has taken it. */
async function write(bytes: Uint8Array, length = bytes.byteLength): Promise<void> {
  post(bytes, length);
  await Atomics.waitAsync(words(), 0, length).value;
}

const whole = (message: unknown) => new Uint8Array(Buffer.concat(toChunks(message)));

/** A header of some length, of which the first four bytes say what the test wants. */
function withHeader(text: string, length = text.length): Uint8Array {
  const header = new TextEncoder().encode(text);
  return Uint8Array.of(length, length >>> 8, length >>> 16, length >>> 24, ...header);
}

describe('the hub receives', () => {
  it('a message whose notification was lost', async () => {
    const received = hub.receive();
    const bytes = whole('lost');
    new Uint8Array(mailbox, 16, bytes.byteLength).set(bytes);
    Atomics.store(words(), 0, bytes.byteLength);
    expect(await received).toMatchObject({ message: 'lost' });
  });

  it('a message with its bytes, in pieces of any length', async () => {
    const message = { method: 'compute', parameters: { data: Uint8Array.from({ length: 90 }, (_, index) => index) } };
    const bytes = whole(message);
    for (const length of [1, 3, 4, 50, bytes.byteLength]) {
      const received = hub.receive();
      for (let offset = 0; offset < bytes.byteLength; offset += length) {
        await write(bytes.subarray(offset, offset + length));
      }
      expect(await received).toEqual({ message, byteLength: 90 });
    }
  });

  it('a message of more bytes than are allowed without them, and the next one', async () => {
    post(whole({ data: new Uint8Array(maximumBytes) }));
    expect(await hub.receive()).toMatchObject({ message: { data: { byteLength: maximumBytes } } });
    post(whole([new Uint8Array(maximumBytes + 1)]));
    expect(await hub.receive()).toEqual({ message: [new Uint8Array()], byteLength: maximumBytes + 1 });
    post(whole('next'));
    expect(await hub.receive()).toEqual({ message: 'next', byteLength: 0 });
  });

  it.each([-1, -(2 ** 31)])('nothing from a piece of the length %d', async (length) => {
    const received = hub.receive();
    await write(new Uint8Array(4), length);
    await write(whole('message'));
    expect((await received)?.message).toBe('message');
  });

  it('no more from a piece than fits into one', async () => {
    const refused = expect(hub.receive()).rejects.toThrow(SyntaxError);
    await write(withHeader('"a', pieceBytes + 20), 2 ** 31 - 1);
    // The piece had four bytes for the length, and the header lacks 24 bytes.
    post(new Uint8Array(24));
    await refused;
  });

  it.each([
    ['a header of gigabytes', withHeader('', -1), RangeError],
    ['a header that is no JSON', withHeader('{"a'), SyntaxError],
    ['a negative length of bytes', withHeader('{"bytes":-1}'), RangeError],
    ['a length of bytes that is no number', withHeader('{"bytes":1e400}'), RangeError],
  ])('no message with %s', async (_what, bytes, error) => {
    const refused = expect(hub.receive()).rejects.toThrow(error);
    post(bytes);
    await refused;
  });

  it('nothing more once the mailbox is closed', async () => {
    const received = hub.receive();
    hub.close();
    expect(await received).toBeUndefined();
    expect(await hub.receive()).toBeUndefined();
  });
});

it('a guest that asks again at once does not keep the thread from other tasks', async () => {
  let hasRun = false;
  setTimeout(() => {
    hasRun = true;
  });
  const start = performance.now();
  while (!hasRun && performance.now() - start < 2000) {
    post(whole('again'));
    await hub.receive();
  }
  expect(hasRun).toBe(true);
});

it('a response that nobody takes ends when the mailbox is closed', async () => {
  const sent = hub.send({ result: new Uint8Array(3 * pieceBytes) });
  expect(words()[1]).toBe(pieceBytes);
  hub.close();
  await sent;
});

it('a hub without Atomics.waitAsync asks for a message for each change', async () => {
  const names = Object.getOwnPropertyNames(Atomics).filter((name) => name !== 'waitAsync');
  vi.stubGlobal('Atomics', Object.fromEntries(names.map((name) => [name, Reflect.get(Atomics, name)])));
  const other = createMailbox();
  const ringing = openHubMailbox(other, maximumBytes);
  const received = ringing.receive();
  vi.unstubAllGlobals();
  const words = new Int32Array(other, 0, 4);
  expect(words[2]).toBe(1);
  new Uint8Array(other, 16).set(whole('message'));
  Atomics.store(words, 0, whole('message').byteLength);
  ringing.rung();
  expect(await received).toEqual({ message: 'message', byteLength: 0 });
  ringing.close();
});
