import { describe, expect, it } from 'vitest';
import { headerLength, parseHeader, toChunks } from './message-stream.js';

const encode = (text: string) => new TextEncoder().encode(text);

describe('a message as a stream', () => {
  it.each([
    ['nothing else', { method: 'unload', parameters: { graph: 3 } }],
    ['text in many scripts', { name: '模型 🦔 \ud800 ß\0"' }],
    ['bytes', [new Uint8Array([1, 2]), { deep: { data: new Uint8Array([3]) } }, new Uint8Array()]],
  ])('is read as it was written: %s', (_what, message) => {
    const [length, header, ...arrays] = toChunks(message);
    expect(headerLength(length ?? new Uint8Array())).toBe(header?.byteLength);
    const received = parseHeader(header ?? new Uint8Array(), 3);
    expect(received.byteLength).toBe(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
    for (const [index, array] of arrays.entries()) received.arrays[index]?.set(array);
    expect(received.message).toEqual(message);
  });

  it('has a header of up to 4 GiB', () => {
    expect(headerLength(Uint8Array.of(1, 2, 3, 255))).toBe(0xff030201);
  });

  it('allocates nothing for more bytes than are allowed', () => {
    const header = encode(JSON.stringify([{ bytes: 3 }, { bytes: 2 ** 52 }]));
    const received = parseHeader(header, 2 ** 30);
    expect(received.byteLength).toBe(2 ** 52 + 3);
    expect(received.arrays).toEqual([new Uint8Array(), new Uint8Array()]);
  });

  it.each([-1, 0.5, 2 ** 53, 1e300])('is refused with bytes of the length %d', (bytes) => {
    expect(() => parseHeader(encode(JSON.stringify({ bytes })), 10)).toThrow(RangeError);
  });

  it.each(['', '{', 'undefined', '\xff'])('is refused where its header is no JSON: %j', (text) => {
    expect(() => parseHeader(encode(text), 10)).toThrow(SyntaxError);
  });
});
