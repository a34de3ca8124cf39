/** Makes 0 or 1 of each byte. Guests pass truth values as U8, and runtimes compute nonsense with other numbers than these. */
export function toTruthValues(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.map((byte) => (byte === 0 ? 0 : 1));
}
