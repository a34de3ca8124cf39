import { describe, expect, it, vi } from 'vitest';
import { WasiNNError } from '../standard/error.js';
import { MissingMemoryError } from './errno.js';
import { GuestMemory } from './guest-memory.js';

const page = 65_536;
const maxU32 = 0xffffffff;

function start({ shared = false } = {}) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared });
  return { memory, bytes: new Uint8Array(memory.buffer), guest: new GuestMemory('load', () => memory) };
}

function expectInvalid(action: () => unknown, text: string): void {
  expect(action).toThrow(expect.objectContaining({ code: 'invalid-argument', message: `load: ${text}` }));
}

describe('what lies in the memory', () => {
  it.each([
    [0, 0],
    [0, page],
    [page, 0],
    [page - 4, 4],
  ])('can be read: at %d, %d bytes', (pointer, byteLength) => {
    const { guest } = start();
    expect(guest.bytes(pointer, byteLength, 'it').byteLength).toBe(byteLength);
    expect(guest.struct(pointer, byteLength, 'it').byteLength).toBe(byteLength);
  });

  it('is seen as it is, and written to', () => {
    const { guest, bytes } = start();
    bytes.set([1, 2, 3, 4], 8);
    expect(guest.struct(8, 4, 'it').getUint32(0, true)).toBe(0x04030201);
    guest.bytes(9, 2, 'it').set([7, 8]);
    expect([...bytes.subarray(8, 12)]).toEqual([1, 7, 8, 4]);
  });

  it('is found where the memory has grown', () => {
    const { guest, memory } = start();
    expect(() => guest.bytes(page, 1, 'it')).toThrow(WasiNNError);
    memory.grow(1);
    expect(guest.bytes(page, 1, 'it').byteLength).toBe(1);
  });
});

describe('what does not lie in the memory', () => {
  it.each([
    [page, 1],
    [page - 1, 2],
    [0, page + 1],
    [page + 4, 0],
    [maxU32, 0],
    [maxU32 - 3, 4],
    [maxU32, maxU32],
    [4, maxU32 * 8],
    [0, Number.POSITIVE_INFINITY],
    [0, Number.NaN],
  ])('is refused, without overflow: at %d, %d bytes', (pointer, byteLength) => {
    const { guest } = start();
    const text = `it (${byteLength} bytes at ${pointer}) is not within the memory of ${page} bytes`;
    expectInvalid(() => guest.bytes(pointer, byteLength, 'it'), text);
    expectInvalid(() => guest.struct(pointer, byteLength, 'it'), text);
    expectInvalid(() => guest.text(pointer, byteLength, 'it', Number.POSITIVE_INFINITY), text);
  });

  it.each([1, 2, 3, page - 5])('is refused where a structure is misaligned: at %d', (pointer) => {
    expectInvalid(
      () => start().guest.struct(pointer, 4, 'the tensor'),
      `the tensor is at ${pointer}, which is not a multiple of 4`,
    );
  });
});

describe('text', () => {
  const place = (text: string, options?: { shared: boolean }) => {
    const started = start(options);
    const data = new TextEncoder().encode(text);
    started.bytes.set(data, 3);
    return { ...started, byteLength: data.byteLength };
  };

  it.each(['', 'squeezenet', 'größe 数字 🦆', '\ufeffname', 'name\0'])('is read as it is: %j', (text) => {
    const { guest, byteLength } = place(text);
    expect(guest.text(3, byteLength, 'the name', 100)).toBe(text);
  });

  it('is read from shared memory by way of a copy, since browsers do not decode that', () => {
    const decode = vi.spyOn(TextDecoder.prototype, 'decode');
    const { guest, byteLength } = place('shared', { shared: true });
    expect(guest.text(3, byteLength, 'the name', 100)).toBe('shared');
    expect(decode).toHaveBeenCalledWith(expect.objectContaining({ buffer: expect.any(ArrayBuffer) }));
    decode.mockRestore();
  });

  it.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0x61, 0x80]]])(
    'is refused where it is not UTF-8: %j',
    (data) => {
      const { guest, bytes } = start();
      bytes.set(data, 3);
      expectInvalid(() => guest.text(3, data.length, 'the name', 100), 'the name is not UTF-8');
    },
  );

  it('is refused where it is too long', () => {
    const { guest, byteLength } = place('four');
    expect(guest.text(3, byteLength, 'the name', 4)).toBe('four');
    expectInvalid(() => guest.text(3, byteLength, 'the name', 3), 'the name has 4 bytes, more than 3');
  });
});

describe('a guest without memory', () => {
  it('has nothing to read', () => {
    const guest = new GuestMemory('load', () => undefined);
    expect(() => guest.bytes(0, 0, 'it')).toThrow(MissingMemoryError);
    expect(() => guest.struct(0, 0, 'it')).toThrow('load: the guest has no memory: export it under the name "memory"');
  });
});
