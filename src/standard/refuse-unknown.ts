import { quote, WasiNNError } from './error.js';

/**
 * Checks that an object has no other names than those that are known.
 *
 * @param what the object, as the error calls it: `createWasiNN`
 * @throws WasiNNError `invalid-argument` that names the unknown one, and the known one that is spelled most alike
 */
export function refuseUnknown(what: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const [nearest = ''] = known.toSorted((one, other) => distance(name, one) - distance(name, other));
    throw new WasiNNError(
      'invalid-argument',
      `${what}: there is no option ${quote(name)}: did you mean ${quote(nearest)}? The options are ${known.join(', ')}`,
    );
  }
}

/** How many letters must be added, removed or replaced to make one name of another (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from.toLowerCase()].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...to.toLowerCase()].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
