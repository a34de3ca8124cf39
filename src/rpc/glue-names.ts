import { glueGlobals } from './glue-globals.js';

/**
 * The names that exports have in the glue. jco makes variables of functions, resources and interfaces, and lets some of
 * them take the place of a global or of a variable of its own. Such labels get a prefix before jco sees them.
 */

const prefix = 'renamed-';

/** Globals for which jco itself gives way: it makes `Error$1` of a resource `error`. */
const yieldedTo: ReadonlySet<string> = new Set(['Error', 'Object', 'String', 'WebAssembly']);

/** jco's own variables: `exports0`, `handleTable12`. */
const numbered =
  /^(?:adapter|align|api|arg|base|bool|callback|captureCnt|captureTable|dv|elemSize|enum|exports|flags|guardMayLeave|handle|handleTable|hostRet|instance|instanceFlags|len|list|memory|module|payload|postReturn|ptr|realloc|record|rep|result|ret|rsc|size|table|trampoline|tuple|utf|val|variant|vec)[0-9]/i;

/** What cannot be a variable in a module, and jco does not know of. */
const neverVariables: ReadonlySet<string> = new Set(['arguments', 'undefined', 'globalThis']);

/** What a class or its instances already have. Where prototypes are frozen, assignment cannot replace it. */
const takenMembers: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Function.prototype),
  'prototype',
]);

const member = /^(\[(?:async )?(?:method|static)\])([^.]*)\.(.*)$/;
const plain = /^(\[[a-z]+\])?([^:/]*)$/;
const nested = /^([^/]*\/)([^@]*)(.*)$/;

/**
 * The name that stands for an import or export of a component in what jco is given: most often the same. Different names
 * have different ones, and names that differ in case alone are none of one component.
 */
export function glueName(name: string): string {
  const [, kind, resource = '', memberName = ''] = member.exec(name) ?? [];
  if (kind !== undefined) return `${kind}${glueLabel(resource)}.${glueMember(memberName)}`;
  const [, prefixed = '', label] = plain.exec(name) ?? [];
  if (label !== undefined) return `${prefixed}${glueLabel(label)}`;
  const [, before = '', interfaceName = '', after = ''] = nested.exec(name) ?? [];
  return `${before}${glueLabel(interfaceName)}${after}`;
}

/** jco panics where a label has capital letters: `HTTP-get`. */
function glueLabel(label: string): string {
  const lower = label.toLowerCase();
  return isTaken(lower) ? `${prefix}${lower}` : lower;
}

function glueMember(label: string): string {
  const lower = label.toLowerCase();
  return takenMembers.has(toCamelCase(lower)) || isTaken(lower) ? `${prefix}${lower}` : lower;
}

function isTaken(label: string): boolean {
  const camelCase = toCamelCase(label);
  const className = camelCase.charAt(0).toUpperCase() + camelCase.slice(1);
  const isGlobal = [camelCase, className].some((name) => glueGlobals.has(name) && !yieldedTo.has(name));
  return isGlobal || neverVariables.has(camelCase) || numbered.test(camelCase) || label.startsWith(prefix);
}

/** `load-by-name` as jco spells it in JavaScript: `loadByName`; `HTTP-get` is `httpGet`. */
export function toCamelCase(label: string): string {
  return label.toLowerCase().replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
