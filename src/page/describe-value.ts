import { quote } from '../standard/error.js';

/** The most members of a list or a record, and the most levels, that a text shows. */
const maxMembers = 10;
const maxLevels = 4;

/**
 * A value of a guest in words, like JSON. It stays short however large the value is: the page's thread describes it.
 *
 * @param levels how many levels of it are shown
 */
export function describeValue(value: unknown, levels: number = maxLevels): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (levels === 0) return '…';
  if (Array.isArray(value)) {
    return `[${join(
      value.slice(0, maxMembers).map((item) => describeValue(item, levels - 1)),
      value.length,
    )}]`;
  }
  const names = Object.keys(value);
  const members = names.slice(0, maxMembers).map((name) => {
    return `${quote(name)}:${describeValue(Reflect.get(value, name), levels - 1)}`;
  });
  return `{${join(members, names.length)}}`;
}

function join(shown: readonly string[], total: number): string {
  return [...shown, ...(total > shown.length ? ['…'] : [])].join();
}
