import { WasiNNError } from '../standard/error.js';
import { checks } from './checks.js';
import { checkFields, recordPattern } from './require-fields.js';

/**
 * Amendments to the script that jco makes. Another version of jco may write the same in another form, which an amendment
 * would miss. So each amendment computes how many matches it must have from something other than its own pattern, and
 * fails where it has another number.
 */

/** jco reads the number of a resource that the component lowers, and the kind that it must be of. */
const lowering =
  /var (handle\d+) = (\S+)\[symbolRscHandle\];\s*if \((?=!\1[^{]*\{\s*throw new TypeError\('Resource error: Not a valid \\"(\w+)\\" resource)/g;

/** jco gives a number to a resource of the host, after it has checked the class. */
const hostLowering = /(?:var handle\d+|let handle) = \S+\[symbolRscHandle\];\s*if \(!handle\d*\) \{\s*const rep = /g;

/** jco ends what a call has borrowed. This takes no resource from outside. */
const borrowsEnd = /if \(rsc\[symbolRscHandle\]\) \{\s*entry\.drop\(rsc\[symbolRscHandle\]\);/g;

/** A static function of a class: jco makes a class of each resource. */
const staticFunction = /^(\s*[A-Z][\w$]*\.[\w$]+ = )(?=function )/gm;

/** jco copies numbers out of the guest's memory. A slice that is too long ends with the memory, without an error. */
const listSlice = /(memory\d+)\.buffer\.slice\((ptr\d+), \2 \+ (len\d+) \* (\d+)\)/g;

/** Slices of the glue's own arrays. */
const harmlessSlice = /(?:\bctx\.params|\blist|\[\.\.\.arguments\])\.slice\(/g;

const listBytes = `
function _listBytes(memory, pointer, count, size) {
  const start = pointer >>> 0;
  const end = start + (count >>> 0) * size;
  if (end > memory.buffer.byteLength) throw new WebAssembly.RuntimeError('a list is not within the memory of the guest');
  return memory.buffer.slice(start, end);
}
`;

/** The glue ends with this: it answers with the exports. */
const answer = /if \((resolve(?:\$\d+)?)\) return \1\(value\);\s*else return value;/g;

/** This fetches core modules where the caller gives none. */
const fetching = [
  /^\s*const fetchCompile = url => fetch\(url\)\.then\(WebAssembly\.compileStreaming\);$/gm,
  /^\s*if \(!getCoreModule\) getCoreModule = \(name\) => fetchCompile\(new URL\(`\.\/\$\{name\}`, import\.meta\.url\)\);$/gm,
];

/** @throws WasiNNError `unsupported-operation` where the script is not as this version of jco makes it */
export function amendGlue(script: string, options: { readonly suspends: boolean; readonly statics: number }): string {
  const { suspends, statics } = options;
  const amended = wrapExports(checkRecords(checkLists(keepByteOrderMarks(checkResourceKinds(dropFetching(script))))));
  return suspends ? markStaticsAsync(amended, statics) : amended;
}

/**
 * Makes a function refuse a resource of another kind than the one that it expects. jco compares the number alone, and a
 * resource of another kind may have the same number.
 */
function checkResourceKinds(script: string): string {
  const complaints = count(script, /Resource error: Not a valid /g);
  const reads = count(script, /\[symbolRscHandle\](?! = )/g) - 2 * count(script, borrowsEnd);
  requireCount(reads, complaints, 'reads of the number of a resource');
  const expected = complaints - count(script, hostLowering);
  // Where a class cannot have the name of its resource, jco appends a number: Error$1.
  return amend(script, lowering, expected, 'checks of resources', (found, _handle, value, kind) => {
    return `${found}${value}.constructor?.name.split('$')[0] !== '${kind}' || `;
  });
}

/**
 * Makes static functions wait. jco lets every suspended function use `await`, but marks only the others as async.
 *
 * @param statics how many static functions the component exports
 */
function markStaticsAsync(script: string, statics: number): string {
  return amend(script, staticFunction, statics, 'static functions', (found) => `${found}async `);
}

/** Makes text keep a byte order mark at its beginning. In the Component Model it is a character like any other. */
function keepByteOrderMarks(script: string): string {
  const expected = count(script, /\bTextDecoder\b/g) - count(script, /new TextDecoder\('utf-16'\)/g);
  return amend(script, /(?<=^\s*const TEXT_DECODER_UTF8 = )new TextDecoder\(\)/gm, expected, 'decoders of text', () => {
    return "new TextDecoder('utf-8', { ignoreBOM: true })";
  });
}

/** Makes a guest trap when one of its lists is not within its memory. */
function checkLists(script: string): string {
  const expected = count(script, /\.(?:slice|subarray)\(/g) - count(script, harmlessSlice);
  const amended = amend(script, listSlice, expected, 'lists', (_found, memory, pointer, length, size) => {
    return `_listBytes(${memory}, ${pointer}, ${length}, ${size})`;
  });
  return expected > 0 ? amended + listBytes : amended;
}

/** Makes a call fail when a record lacks a field. */
function checkRecords(script: string): string {
  requireCount(count(script, recordPattern), count(script, /\bvar \{/g), 'records that are taken apart');
  return checkFields(script);
}

/** Puts the exports into an object. They may have a function `then`, and `await` would take them for a promise. */
function wrapExports(script: string): string {
  return amend(script, answer, 1, 'answers', (_found, resolve) => {
    return `if (${resolve}) return ${resolve}({ exports: value }); else return { exports: value };`;
  });
}

/** Removes what fetches core modules. The caller always gives them. */
function dropFetching(script: string): string {
  return fetching.reduce((left, pattern) => amend(left, pattern, 1, 'ways to fetch', () => ''), script);
}

function amend(
  script: string,
  pattern: RegExp,
  expected: number,
  what: string,
  replace: (found: string, ...groups: string[]) => string,
): string {
  requireCount(count(script, pattern), expected, what);
  return script.replace(pattern, replace);
}

/** @throws WasiNNError `unsupported-operation` */
function requireCount(found: number, expected: number, what: string): void {
  if (found === expected || !checks.glue) return;
  throw new WasiNNError(
    'unsupported-operation',
    `instantiate: the script that jco makes of the component cannot be amended (use the version of jco that wasi-nn-web depends on): it has ${found} ${what} of a known form, not ${expected}`,
  );
}

function count(script: string, pattern: RegExp): number {
  return script.match(pattern)?.length ?? 0;
}
