/** How the value of a field is written. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** One field of a message; its value stays where it is. */
export interface Field {
  readonly number: number;
  readonly wireType: number;
  /** Where the value begins; for `bytes` behind their length. */
  readonly start: number;
  /** Where the value ends. Behind the end of the input where that is cut short. */
  readonly end: number;
}

/**
 * Reads one field's key and length, and passes by its value. Nothing is copied, and nothing is thrown, whatever the
 * bytes.
 *
 * @returns undefined where no field can be read: because the bytes are malformed, or end in the key, length or varint
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export function readField(bytes: Uint8Array, at: number, stop: number): Field | undefined {
  const start = varintEnd(bytes, at, stop);
  if (start === undefined || start - at > 5) return undefined;
  const key = readInt32(bytes, at, start) >>> 0;
  const number = key >>> 3;
  const wireType = key & 7;
  if (number === 0) return undefined;

  if (wireType === wireTypes.varint) {
    const end = varintEnd(bytes, start, stop);
    return end === undefined ? undefined : { number, wireType, start, end };
  }
  if (wireType === wireTypes.bytes) return readLength(bytes, start, stop, number);
  if (wireType === wireTypes.fixed64) return { number, wireType, start, end: start + 8 };
  if (wireType === wireTypes.fixed32) return { number, wireType, start, end: start + 4 };
  if (wireType === wireTypes.startGroup || wireType === wireTypes.endGroup)
    return { number, wireType, start, end: start };
  return undefined;
}

/**
 * Visits the fields of a message in the order of the bytes, but for those inside of groups, which no message of today
 * has. Stops where `visit` returns false.
 *
 * @returns whether the message was visited to its end: it is well-formed, and no visit returned false
 */
export function readFields(bytes: Uint8Array, start: number, stop: number, visit: (field: Field) => boolean): boolean {
  let openGroups = 0;
  for (let at = start; at < stop; ) {
    const field = readField(bytes, at, stop);
    if (!field || field.end > stop) return false;
    at = field.end;
    if (field.wireType === wireTypes.startGroup) openGroups++;
    else if (field.wireType === wireTypes.endGroup) openGroups--;
    else if (openGroups === 0 && !visit(field)) return false;
    if (openGroups < 0) return false;
  }
  return openGroups === 0;
}

/** A varint as `int32` or an enum: its low 32 bits, which is where protobuf cuts longer ones too. */
export function readInt32(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start, shift = 0; at < end && shift < 32; at++, shift += 7) value |= ((bytes[at] ?? 0) & 0x7f) << shift;
  return value;
}

function readLength(bytes: Uint8Array, at: number, stop: number, number: number): Field | undefined {
  const start = varintEnd(bytes, at, stop);
  if (start === undefined || start - at > 5) return undefined;
  // Protobuf has no values of 2 GiB or more, which a fifth byte above 7 would make.
  if (start - at === 5 && (bytes[start - 1] ?? 0) > 7) return undefined;
  return { number, wireType: wireTypes.bytes, start, end: start + readInt32(bytes, at, start) };
}

/** A varint is at most ten bytes, the last of them below 0x80. */
function varintEnd(bytes: Uint8Array, at: number, stop: number): number | undefined {
  const last = Math.min(stop, at + 10);
  for (let index = at; index < last; index++) if ((bytes[index] ?? 0x80) < 0x80) return index + 1;
  return undefined;
}
