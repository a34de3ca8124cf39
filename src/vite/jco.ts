/** jco, as the build has it: an instance that has panicked refuses all that comes after, so it is replaced. */

const specifier = '@bytecodealliance/jco-transpile/component';

type Jco = typeof import('@bytecodealliance/jco-transpile/component');

let replacements = 0;

export function loadJco(): Promise<Jco> {
  // To Node, the same file with another query is another module.
  return replacements === 0 ? import(specifier) : import(`${import.meta.resolve(specifier)}?${replacements}`);
}

/** Has {@link loadJco} give a fresh instance from now on. */
export function replaceJco(): void {
  replacements++;
}
