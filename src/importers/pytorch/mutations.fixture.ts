import { writeArchive } from './archive.fixture.js';
import { type Archive, readArchive } from './archive.js';

/** Numbers from 0 to below 1 that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
type Mutate = (bytes: Uint8Array, random: Random) => Uint8Array;

const below = (random: Random, end: number) => Math.floor(random() * end);

const cut: Mutate = (bytes, random) => bytes.slice(0, below(random, bytes.byteLength));

const flip: Mutate = (bytes, random) => {
  const result = bytes.slice();
  for (let count = below(random, 8) + 1; count > 0; count--) {
    const at = below(random, result.byteLength);
    result[at] = (result[at] ?? 0) ^ (1 << below(random, 8));
  }
  return result;
};

/** Puts four bytes of ones somewhere: an absurd length, where one stood there. */
const absurd: Mutate = (bytes, random) => {
  const result = bytes.slice();
  const at = below(random, result.byteLength);
  result.fill(0xff, at, at + 4);
  return result;
};

/** Repeats a part of the bytes many times. */
const repeat: Mutate = (bytes, random) => {
  const start = below(random, bytes.byteLength);
  const part = bytes.subarray(start, start + 1 + below(random, 64));
  const times = 1 + below(random, 20_000);
  const result = new Uint8Array(bytes.byteLength + part.byteLength * times);
  result.set(bytes.subarray(0, start));
  for (let index = 0; index < times; index++) result.set(part, start + index * part.byteLength);
  result.set(bytes.subarray(start), start + part.byteLength * times);
  return result;
};

/** Makes numbers in text absurdly large, negative or none. */
const numbers: Mutate = (bytes, random) => {
  const text = new TextDecoder('latin1').decode(bytes);
  const found = [...text.matchAll(/\d+/g)];
  const chosen = found[below(random, found.length)];
  if (!chosen) return flip(bytes, random);
  const others = ['99999999999', '-1', '0', '1e308', '4294967296', 'x'];
  const changed =
    text.slice(0, chosen.index) + others[below(random, others.length)] + text.slice(chosen.index + chosen[0].length);
  return Uint8Array.from(changed, (character) => character.charCodeAt(0));
};

const mutations = [cut, flip, absurd, repeat, numbers];

function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const chosen = mutations[below(random, mutations.length)] ?? flip;
  return bytes.byteLength === 0 ? bytes : chosen(bytes, random);
}

/** The entries that say what a model is. */
const described = /\.(pkl|py|json)$/;

/**
 * Makes mutants of a model: of its bytes, and, so that they get past the checksums, of its pickles, its code and its
 * description.
 */
export async function makeMutants(model: Uint8Array, seed: number, count: number): Promise<Uint8Array[]> {
  const random = seeded(seed);
  const archive: Archive = await readArchive(model);
  const names = [...archive.keys()].filter((name) => described.test(name));
  return Array.from({ length: count }, (_, index) => {
    if (index % 4 === 0) return mutate(model, random);
    const chosen = names[below(random, names.length)];
    const entries = [...archive].map(([name, content]) => ({
      name,
      content: name === chosen ? mutate(content, random) : content,
    }));
    // An entry gets lost.
    if (index % 16 === 1) entries.splice(below(random, entries.length), 1);
    return writeArchive(entries);
  });
}
