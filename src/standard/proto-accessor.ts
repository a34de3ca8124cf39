/**
 * Removes `__proto__` from this thread's `Object.prototype`. A library that keeps tensors in plain objects, by the names
 * that a model gives them, then has an entry of that name; otherwise it would set the object's prototype, and the tensor
 * would be missing.
 */
export function removeProtoAccessor(): void {
  Reflect.deleteProperty(Object.prototype, '__proto__');
}
