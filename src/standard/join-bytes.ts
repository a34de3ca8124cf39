/** Copies byte arrays into one, in their order. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, { byteLength }) => total + byteLength, 0));
  let position = 0;
  for (const part of parts) {
    joined.set(part, position);
    position += part.byteLength;
  }
  return joined;
}
