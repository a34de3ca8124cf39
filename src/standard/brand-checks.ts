/**
 * What an object of the platform is, by what it carries inside (its brand). `instanceof` says nothing of objects that a
 * page has from another realm, such as an iframe, and trusts a prototype that anybody can set.
 */

/** Captured when this module loads: a guest's worker loses them before guest code runs (`guest/confine.ts`). */
const { Blob, ReadableStream, Response, URL } = globalThis;

const { exports: listExports } = WebAssembly.Module;

const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype);

/** The name of a typed array's type, `Float32Array`; nothing for anything else. */
export function typedArrayName(value: unknown): string | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const name: unknown = Reflect.get(typedArray, Symbol.toStringTag, value);
  return typeof name === 'string' ? name : undefined;
}

/** Whether a value is a Uint8Array, of memory that is not shared. */
export function isUint8Array(value: unknown): value is Uint8Array<ArrayBuffer> {
  return isUint8ArrayOfAnyMemory(value) && isArrayBuffer(value.buffer);
}

/** Whether a value is a Uint8Array, of whatever memory. */
export function isUint8ArrayOfAnyMemory(value: unknown): value is Uint8Array {
  return typedArrayName(value) === 'Uint8Array';
}

export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return hasBrand(ArrayBuffer.prototype, 'byteLength', value);
}

export function isBlob(value: unknown): value is Blob {
  return hasBrand(Blob.prototype, 'size', value);
}

export function isReadableStream(value: unknown): value is ReadableStream<unknown> {
  return hasBrand(ReadableStream.prototype, 'locked', value);
}

export function isURL(value: unknown): value is URL {
  return hasBrand(URL.prototype, 'href', value);
}

export function isResponse(value: unknown): value is Response {
  return hasBrand(Response.prototype, 'status', value);
}

/** Whether a value is a WebAssembly.Module: only of one can its exports be listed. */
export function isModule(value: unknown): value is WebAssembly.Module {
  if (typeof value !== 'object' || value === null) return false;
  try {
    Reflect.apply(listExports, undefined, [value]);
    return true;
  } catch {
    return false;
  }
}

/** @param getter a property of the prototype whose getter throws for what is no object of its kind */
function hasBrand(prototype: object, getter: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  try {
    Reflect.get(prototype, getter, value);
    return true;
  } catch {
    return false;
  }
}
