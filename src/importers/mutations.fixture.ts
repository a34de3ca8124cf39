import { joinBytes } from '../standard/join-bytes.js';

/** Whole numbers from 0 up to (not including) a bound. */
type Random = (below: number) => number;
type Parts = readonly Uint8Array[];

/** @param other the parts of another model */
type Mutate = (parts: Parts, random: Random, other: Parts) => Uint8Array[];

/** Changes one of the parts. */
function ofOnePart(mutate: (bytes: Uint8Array, random: Random) => Uint8Array): Mutate {
  return (parts, random) => {
    const filled = parts.flatMap(({ byteLength }, index) => (byteLength > 0 ? index : []));
    const chosen = filled[random(filled.length)];
    return parts.map((part, index) => (index === chosen ? mutate(part, random) : part));
  };
}

function cut(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random(bytes.byteLength));
}

function flip(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  for (let count = 1 + random(8); count > 0; count--) {
    const at = random(copy.byteLength);
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
  }
  return copy;
}

/** The largest counts, and those that become negative. */
function overwrite(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const at = random(copy.byteLength);
  copy.fill([0, 0x7f, 0x80, 0xff][random(4)] ?? 0, at, at + 1 + random(16));
  return copy;
}

function remove(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.byteLength);
  return joinBytes([bytes.subarray(0, at), bytes.subarray(at + 1 + random(64))]);
}

function repeat(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random(bytes.byteLength);
  const part = bytes.subarray(start, start + 1 + random(64));
  const copies = new Array<Uint8Array>(1 + random(20_000)).fill(part);
  return joinBytes([bytes.subarray(0, start), ...copies, bytes.subarray(start)]);
}

const absurd = ['0', '-1', '99999999999', '4294967296', '9007199254740993', '1e308', 'NaN', '', 'constructor'];

/** Puts something absurd in the place of a number or a word; for bytes that are no text, anywhere in them. */
function replaceText(pattern: RegExp): (bytes: Uint8Array, random: Random) => Uint8Array {
  return (bytes, random) => {
    const text = Buffer.from(bytes).toString('latin1');
    const found = [...text.matchAll(pattern)];
    const chosen = found[random(Math.max(found.length, 1))];
    if (!chosen) return flip(bytes, random);
    const changed =
      text.slice(0, chosen.index) + absurd[random(absurd.length)] + text.slice(chosen.index + chosen[0].length);
    return new Uint8Array(Buffer.from(changed, 'latin1'));
  };
}

/** Exchanges two parts, or two pieces of one part, or puts a part of another model in the place of one. */
const swap: Mutate = (parts, random, other) => {
  const swapped = [...parts];
  const [one, another] = [random(parts.length), random(parts.length)];
  const replacement = random(2) === 0 ? other[random(other.length)] : undefined;
  if (replacement || one !== another) {
    swapped[one] = replacement ?? parts[another] ?? new Uint8Array();
    if (!replacement) swapped[another] = parts[one] ?? new Uint8Array();
    return swapped;
  }
  const bytes = (parts[one] ?? new Uint8Array()).slice();
  const [from, to, length] = [random(bytes.byteLength || 1), random(bytes.byteLength || 1), 1 + random(200)];
  const piece = bytes.slice(from, from + length);
  bytes.copyWithin(from, to, to + length);
  bytes.set(piece.subarray(0, bytes.byteLength - to), to);
  swapped[one] = bytes;
  return swapped;
};

/** The kinds of damage that are done to models. */
export const mutations: Readonly<Record<string, Mutate>> = {
  cut: ofOnePart(cut),
  flipped: ofOnePart(flip),
  'swapped parts': swap,
  'absurd counts': ofOnePart(overwrite),
  'absurd numbers': ofOnePart(replaceText(/\d+/g)),
  'absurd words': ofOnePart(replaceText(/[A-Za-z_]{3,}/g)),
  repeated: ofOnePart(repeat),
  removed: ofOnePart(remove),
  'lost parts': ofOnePart(() => new Uint8Array()),
};
