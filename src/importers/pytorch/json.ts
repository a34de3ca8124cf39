import { excessive, invalid } from './failure.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Of a description of a model. */
const maximumBytes = 8 * 1024 * 1024;

/** Of lists, objects and what is in them. Parsed, one takes up to a hundred bytes. SqueezeNet's description has 6600. */
const maximumValues = 500_000;

/** @param owner for error texts: the name of the file */
export function parseJson(bytes: Uint8Array | undefined, owner: string): JsonObject {
  if (!bytes) throw invalid(`the archive lacks ${owner}`);
  if (bytes.byteLength > maximumBytes) throw excessive(`has a ${owner} of ${bytes.byteLength} bytes`);
  if (countValues(bytes) > maximumValues) throw excessive(`has a ${owner} of more than ${maximumValues} values`);
  try {
    return object(JSON.parse(new TextDecoder().decode(bytes)), owner);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw invalid(`its ${owner} is no JSON: ${cause.message.slice(0, 200)}`);
    throw cause;
  }
}

/** At least as many values as the text has: the marks `,` `[` and `{`, also those within strings. */
function countValues(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.byteLength; at++) {
    const byte = bytes[at];
    if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++;
  }
  return count;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param what for error texts: where the value should be */
export function object(value: unknown, what: string): JsonObject {
  return isObject(value) ? value : fail(what, 'an object');
}

export function array(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : fail(what, 'a list');
}

export function text(value: unknown, what: string): string {
  return typeof value === 'string' ? value : fail(what, 'a string');
}

export function integer(value: unknown, what: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : fail(what, 'an integer');
}

function fail(what: string, expected: string): never {
  throw invalid(`its description has something else than ${expected} as ${what}`);
}
