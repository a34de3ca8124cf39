/** A record without a prototype: a model or a guest gives what names it likes, `constructor` or `__proto__` too. */
export function toRecord<Value>(entries: Iterable<readonly [name: string, value: Value]>): Record<string, Value> {
  const record: Record<string, Value> = Object.create(null);
  for (const [name, value] of entries) record[name] = value;
  return record;
}
