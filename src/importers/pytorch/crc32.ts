/** Table `k`, of 256 words, advances the remainder of one byte over `k` more bytes of zeros. */
const tables = makeTables();

/** The checksum of zip archives: CRC-32 with the polynomial 0xEDB88320, as an unsigned integer. */
export function crc32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let remainder = -1;
  let at = 0;
  // Eight bytes at a time: a byte at a time takes longer than all the rest of a conversion.
  for (const last = bytes.length - 8; at <= last; at += 8) {
    const low = remainder ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    remainder =
      step(7, low) ^
      step(6, low >>> 8) ^
      step(5, low >>> 16) ^
      step(4, low >>> 24) ^
      step(3, high) ^
      step(2, high >>> 8) ^
      step(1, high >>> 16) ^
      step(0, high >>> 24);
  }
  for (; at < bytes.length; at++) remainder = (remainder >>> 8) ^ step(0, remainder ^ view.getUint8(at));
  return ~remainder >>> 0;
}

function step(table: number, byte: number): number {
  return tables[(table << 8) | (byte & 0xff)] ?? 0;
}

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
    made[byte] = remainder;
  }
  for (let index = 256; index < made.length; index++) {
    const before = made[index - 256] ?? 0;
    made[index] = (before >>> 8) ^ (made[before & 0xff] ?? 0);
  }
  return made;
}
