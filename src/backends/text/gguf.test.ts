import { describe, expect, it } from 'vitest';
import { WasiNNError } from '../../standard/error.js';
import { createRandomBelow } from '../../standard/random.fixture.js';
import { text, u32, u64 } from './gguf.fixture.js';
import { readGguf } from './gguf.js';

const encoder = new TextEncoder();

const entries = [
  [...text('general.architecture'), ...u32(8), ...text('llama')],
  [...text('llama.context_length'), ...u32(4), ...u32(192)],
  [...text('split.count'), ...u32(2), 2, 0],
  [...text('numbers'), ...u32(9), ...u32(6), ...u64(2), ...u64(0)],
  [...text('lists'), ...u32(9), ...u32(9), ...u64(1), ...u32(0), ...u64(3), 1, 2, 3],
  [
    ...text('tokenizer.ggml.tokens'),
    ...u32(9),
    ...u32(8),
    ...u64(3),
    ...text('<unk>'),
    ...text('<s>'),
    ...text('</s>'),
  ],
  [...text('flag'), ...u32(7), 1],
];

const model = file(entries.length, ...entries);

function file(count: number, ...parts: readonly Iterable<number>[]): Uint8Array {
  return Uint8Array.from([
    ...encoder.encode('GGUF'),
    ...u32(3),
    ...u64(0),
    ...u64(count),
    ...parts.flatMap((part) => [...part]),
  ]);
}

describe('the metadata of a GGUF file', () => {
  it('is read', () => {
    const { tokenText, ...description } = readGguf(model);
    expect(description).toEqual({ architecture: 'llama', contextTokens: 192, hasPooling: false, splitCount: 2 });
    expect([tokenText(2), tokenText(3)]).toEqual(['</s>', '']);
  });

  it('may be missing', () => {
    expect(readGguf(file(0))).toMatchObject({ architecture: undefined, contextTokens: undefined, splitCount: 1 });
  });

  it.each([
    ['no magic', encoder.encode('GGML'), /does not begin with "GGUF"/],
    ['nothing behind the magic', encoder.encode('GGUF'), /ends after 4 bytes/],
    ['an absurd number of entries', file(0xffffffff), /number of entries/],
    ['a name that is longer than the file', file(1, u64(65_535)), /ends after/],
    ['an unknown type', file(1, [...text('a'), ...u32(77)]), /the entry "a" has the type 77/],
    [
      'lists without end',
      file(1, [
        ...text('a'),
        ...u32(9),
        ...Array<number[]>(9)
          .fill([...u32(9), ...u64(1)])
          .flat(),
      ]),
      /type 9/,
    ],
    [
      'a list that is longer than the file',
      file(1, [...text('a'), ...u32(9), ...u32(0), ...u64(9999)]),
      /length of a list/,
    ],
  ])('is refused with %s', (_, bytes, message) => {
    expect(() => readGguf(bytes)).toThrowError(
      expect.objectContaining({ code: 'invalid-encoding', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    [u32(0x03000000), /big-endian/],
    [u32(1), /version 1/],
  ])('is refused in another version', (version, message) => {
    const bytes = Uint8Array.from([...encoder.encode('GGUF'), ...version, ...u64(0), ...u64(0)]);
    expect(() => readGguf(bytes)).toThrowError(
      expect.objectContaining({ code: 'unsupported-operation', message: expect.stringMatching(message) }),
    );
  });

  it('is refused, if at all, with an error in words, whatever is damaged', () => {
    const below = createRandomBelow(1);
    for (let round = 0; round < 3000; round++) {
      const bytes = model.slice(0, round % 2 === 0 ? model.byteLength : below(model.byteLength));
      for (let change = 0; change <= below(4); change++) bytes[below(bytes.byteLength)] = below(256);
      try {
        readGguf(bytes);
      } catch (cause) {
        expect(cause).toBeInstanceOf(WasiNNError);
      }
    }
  });
});
