import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { writeArchive } from './archive.fixture.js';
import { readArchive } from './archive.js';
import { crc32 } from './crc32.js';

const bytes = (text: string) => new TextEncoder().encode(text);

const deflated = (content: Uint8Array, size = content.byteLength) => ({
  name: 'code',
  content: new Uint8Array(deflateRawSync(content)),
  deflated: { size, checksum: crc32(content) },
});

describe('crc32', () => {
  it.each([
    ['', 0],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of %j', (text, expected) => {
    expect(crc32(bytes(text))).toBe(expected);
  });
});

describe('readArchive', () => {
  it('views stored entries, and inflates deflated ones', async () => {
    const code = bytes('return x\n'.repeat(100));
    const archive = await readArchive(writeArchive([{ name: 'data/0', content: 'weights' }, deflated(code)]));
    expect([...archive.keys()]).toEqual(['data/0', 'code']);
    expect(archive.get('data/0')).toEqual(bytes('weights'));
    expect(archive.get('code')).toEqual(code);
  });

  it('passes by what no conversion reads', async () => {
    const archive = await readArchive(writeArchive([{ name: 'code/a.py.debug_pkl', content: 'x' }]));
    expect(archive.size).toBe(0);
  });

  it.each([
    ['an empty file', new Uint8Array()],
    ['a file that is cut short', writeArchive([{ name: 'a', content: 'b' }]).slice(0, -10)],
    ['an entry that inflates to more than it says', writeArchive([deflated(new Uint8Array(10_000), 10)])],
    ['an entry that inflates to less than it says', writeArchive([deflated(new Uint8Array(10), 10_000)])],
    [
      'two entries of one name',
      writeArchive([
        { name: 'a', content: 'b' },
        { name: 'a', content: 'c' },
      ]),
    ],
    ['a wrong checksum', damage(writeArchive([{ name: 'a', content: 'weights' }]), 40)],
  ])('refuses %s', async (_, archive) => {
    await expect(readArchive(archive)).rejects.toMatchObject({ code: 'invalid-encoding' });
  });

  it('refuses an archive that inflates to absurdly much, before it does', async () => {
    await expect(readArchive(writeArchive([deflated(new Uint8Array(10), 2 ** 31)]))).rejects.toMatchObject({
      code: 'too-large',
    });
  });
});

function damage(archive: Uint8Array, at: number): Uint8Array {
  const result = archive.slice();
  result[at] = (result[at] ?? 0) ^ 1;
  return result;
}
