import { glueName } from '../rpc/glue-names.js';
import { quote, WasiNNError } from '../standard/error.js';

/**
 * What becomes of the names in a component. jco writes names into the script that it makes, some of them without
 * escaping, so no name gets there that could be anything but a name.
 */
export interface Names {
  /** The name of an import or export of a core module. Any text is one; what is unsafe gets another name. */
  core(name: string): string;
  /** The name of an import or export of a component: `classify`, `[method]thing.value`, `wasi:nn/graph@0.2.0`. */
  extern(name: string, offset: number): string;
  /** Checks the name of a field, case, flag or parameter: `first-name`. It stays as it is. */
  checkLabel(name: string, offset: number): void;
}

/** Names that are not longer than this are kept. No tool makes longer ones of WIT. */
const maxLength = 256;

/**
 * Core names that are kept: identifiers, and what tools make of WIT: `cabi_post_a:b/c@0.1.0#[method]thing.value`. jco
 * makes variables of some, so that there must be a letter in front of all digits.
 */
const safeCoreName = /^[_$[\]]*[A-Za-z][A-Za-z0-9_$.:#@/[\]-]*$/;

/** What the names begin with that take the place of unsafe ones. */
const renamedPrefix = 'renamed$';

/** Properties that every object has, or that mean something to the language. */
const propertyNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Function.prototype),
  'prototype',
  'then',
]);

const word = '(?:[a-z][a-z0-9]*|[A-Z][A-Z0-9]*)';
const label = `${word}(?:-(?:[a-z0-9]+|[A-Z0-9]+))*`;
const lowerLabel = '[a-z][a-z0-9]*(?:-[a-z0-9]+)*';
const number = '(?:0|[1-9][0-9]*)';
const version = `@${number}\\.${number}\\.${number}(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?`;

const labelPattern = new RegExp(`^${label}$`);
const externPattern = new RegExp(
  `^(?:${label}|\\[constructor\\]${label}|\\[async\\]${label}|\\[(?:async )?(?:method|static)\\]${label}\\.${label}|${lowerLabel}:${lowerLabel}/${label}(?:${version})?)$`,
);

/** Ways to refer to other components, by where they are or what is in them. */
const dependency = /^(?:url|relative-url|integrity|locked-dep|unlocked-dep)=/;

/** A method of this name makes a promise of its resource, to the language: whoever awaits the resource calls it. */
const thenMethod = /^\[(?:async )?method\].*\.then$/;

/**
 * Names for one component. Equal names stay equal, and different ones different.
 *
 * @param keepsExtern whether the names of imports and exports stay as they are, if they are names
 */
export function createNames(keepsExtern = false): Names {
  const renamed = new Map<string, string>();

  function rename(name: string): string {
    const known = renamed.get(name);
    if (known !== undefined) return known;
    const made = `${renamedPrefix}${renamed.size}`;
    renamed.set(name, made);
    return made;
  }

  return {
    core: (name) => (isSafeCoreName(name) ? name : rename(name)),
    extern(name, offset) {
      if (dependency.test(name)) throw refusal('unsupported-operation', name, offset, otherComponent);
      if (name.length > maxLength || !externPattern.test(name)) {
        throw refusal('invalid-argument', name, offset, 'is no name of an import or export: build the component again');
      }
      if (thenMethod.test(name)) throw refusal('unsupported-operation', name, offset, promiseLike);
      return keepsExtern ? name : glueName(name);
    },
    checkLabel(name, offset) {
      if (name.length <= maxLength && labelPattern.test(name)) return;
      throw refusal(
        'invalid-argument',
        name,
        offset,
        'is not in kebab case, as WIT has names: build the component again',
      );
    },
  };
}

const otherComponent = 'refers to another component, which nothing here provides: compose it with that component';
const promiseLike = 'makes a promise of its resource in JavaScript, so that it cannot be passed: rename the method';

function isSafeCoreName(name: string): boolean {
  const isKnown = name.length <= maxLength && safeCoreName.test(name);
  return isKnown && !propertyNames.has(name) && !name.startsWith(renamedPrefix);
}

function refusal(
  code: 'invalid-argument' | 'unsupported-operation',
  name: string,
  offset: number,
  reason: string,
): WasiNNError {
  return new WasiNNError(code, `instantiate: the component's name ${quote(name)} (at byte ${offset}) ${reason}`);
}
