const polynomial = 0x82f63b78;

/** What becomes of each byte when 0, 1, 2 or 3 more zero bytes come behind it. */
const tables = makeTables(4);

/** The checksum CRC-32C as TensorFlow and LevelDB store it: masked, since it may stand among what it is computed of. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = tables;
  if (!t0 || !t1 || !t2 || !t3) throw new RangeError('four tables are made');
  let crc = -1;
  let at = 0;
  // Four bytes at a time: weights have many.
  for (const last = bytes.byteLength - 3; at < last; at += 4) {
    crc ^=
      elementAt(bytes, at) |
      (elementAt(bytes, at + 1) << 8) |
      (elementAt(bytes, at + 2) << 16) |
      (elementAt(bytes, at + 3) << 24);
    crc =
      elementAt(t3, crc & 255) ^
      elementAt(t2, (crc >>> 8) & 255) ^
      elementAt(t1, (crc >>> 16) & 255) ^
      elementAt(t0, crc >>> 24);
  }
  for (; at < bytes.byteLength; at++) crc = elementAt(t0, (crc ^ elementAt(bytes, at)) & 255) ^ (crc >>> 8);
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function elementAt(array: Uint8Array | Int32Array, index: number): number {
  return array[index] ?? 0;
}

function makeTables(count: number): readonly Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
  const all = [first];
  for (let table = 1; table < count; table++) {
    const before = all[table - 1] ?? first;
    all.push(before.map((value) => elementAt(first, value & 255) ^ (value >>> 8)));
  }
  return all;
}
