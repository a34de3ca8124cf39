import { WasiNNError } from '../standard/error.js';
import { checks } from './checks.js';

/**
 * Amendments to the script that jco makes. Each knows how often what it amends occurs: another version of jco may write
 * otherwise, and what an amendment misses would go unnoticed.
 */

/** Where an exported function takes the number of a resource that it is given, and the kind that it should be of. */
const lowering =
  /var (handle\d+) = (\S+)\[symbolRscHandle\];\s*if \((?=!\1[^{]*\{\s*throw new TypeError\('Resource error: Not a valid \\"(\w+)\\" resource)/g;

/** Where a host's resource is given a number. */
const hostLowering = /var (handle\d+) = \S+\[symbolRscHandle\];\s*if \(!\1\) \{\s*const rep = /g;

/** A static function of a class, which jco has for each resource. */
const staticFunction = /^(\s*[A-Z][\w$]*\.[\w$]+ = )(?=function )/gm;

/** Where numbers are copied out of the guest's memory. A slice that is too long ends with the memory. */
const listSlice = /(memory\d+)\.buffer\.slice\((ptr\d+), \2 \+ (len\d+) \* (\d+)\)/g;

const listBytes = `
function _listBytes(memory, pointer, count, size) {
  const start = pointer >>> 0;
  const end = start + (count >>> 0) * size;
  if (end > memory.buffer.byteLength) throw new WebAssembly.RuntimeError('a list is not within the memory of the guest');
  return memory.buffer.slice(start, end);
}
`;

/** The last thing that the glue does: it answers with the exports. */
const answer = /if \((resolve(?:\$\d+)?)\) return \1\(value\);\s*else return value;/g;

/** What fetches core modules where nothing else gives them. */
const fetching = [
  /^\s*const fetchCompile = url => fetch\(url\)\.then\(WebAssembly\.compileStreaming\);$/gm,
  /^\s*if \(!getCoreModule\) getCoreModule = \(name\) => fetchCompile\(new URL\(`\.\/\$\{name\}`, import\.meta\.url\)\);$/gm,
];

/** @throws WasiNNError `unsupported-operation` where the script is not as this version of jco makes it */
export function amendGlue(script: string, options: { readonly suspends: boolean; readonly statics: number }): string {
  const { suspends, statics } = options;
  const amended = wrapExports(checkLists(keepByteOrderMarks(checkResourceKinds(dropFetching(script)))));
  return suspends ? markStaticsAsync(amended, statics) : amended;
}

/**
 * Has a function refuse a resource of another kind than the one it expects. By itself it looks at the number alone,
 * which a resource of another kind may have as well: the guest would take one for the other.
 */
function checkResourceKinds(script: string): string {
  const expected = count(script, /var handle\d+ = \S+\[symbolRscHandle\];/g) - count(script, hostLowering);
  // A class that jco cannot name like its resource has a number behind: Error$1.
  return amend(script, lowering, expected, 'checks of resources', (found, _handle, value, kind) => {
    return `${found}${value}.constructor?.name.split('$')[0] !== '${kind}' || `;
  });
}

/**
 * Has static functions wait: jco lets all that are suspended use `await`, but marks only the others as async.
 *
 * @param statics how many the component exports
 */
function markStaticsAsync(script: string, statics: number): string {
  return amend(script, staticFunction, statics, 'static functions', (found) => `${found}async `);
}

/** Has text keep a byte order mark that it begins with: to the Component Model it is a character like any other. */
function keepByteOrderMarks(script: string): string {
  const expected = count(script, /^\s*const TEXT_DECODER_UTF8 = /gm);
  return amend(script, /new TextDecoder\(\)/g, expected, 'decoders of text', () => {
    return "new TextDecoder('utf-8', { ignoreBOM: true })";
  });
}

/** Has a guest trap whose list is not within its memory. */
function checkLists(script: string): string {
  const expected = count(script, /\.buffer\.slice\(/g);
  const amended = amend(script, listSlice, expected, 'lists', (_found, memory, pointer, length, size) => {
    return `_listBytes(${memory}, ${pointer}, ${length}, ${size})`;
  });
  return expected > 0 ? amended + listBytes : amended;
}

/** Puts the exports into an object: they may have a function `then`, and would be taken for a promise. */
function wrapExports(script: string): string {
  return amend(script, answer, 1, 'answers', (_found, resolve) => {
    return `if (${resolve}) return ${resolve}({ exports: value }); else return { exports: value };`;
  });
}

/** Leaves out what fetches core modules: they are given. */
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
  const found = count(script, pattern);
  if (found === expected || !checks.glue) return script.replace(pattern, replace);
  throw new WasiNNError(
    'unsupported-operation',
    `instantiate: the script that jco makes of the component has ${found} ${what} of a known form, not ${expected}`,
  );
}

function count(script: string, pattern: RegExp): number {
  return script.match(pattern)?.length ?? 0;
}
