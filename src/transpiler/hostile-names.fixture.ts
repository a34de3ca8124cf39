import type { Name } from './component-assembler.fixture.js';
import { type Place, places } from './every-name.fixture.js';

/** Names with which a component would get code into the script that is made of it. */

/** The text that each payload has in it, and nothing else. */
export const canary = 'canary';

/** Touches all that a page would notice: a global, a request, a script. */
export function payload(label: string): string {
  return `(globalThis.__${canary}='${label}',fetch('/${canary}?${label}'),import('/${canary}.js?${label}'))`;
}

/** The names that run a payload in what jco makes of them, unless they are changed: of a key, and of a member. */
export function attackOn(place: Place, label: string, code: string = payload(label)): string {
  const isKey = place.includes('import') || place === 'nested core export';
  return isKey ? `x':0,...(${code},{}),'x` : `x']||${code}||exports0['x`;
}

/** The places where any text is a name. */
export const coreNamePlaces = places.filter((place) => place.includes('core ') && !place.includes('custom'));

/** What breaks out of a string, comment, template, identifier or tag. `%` stands for the payload. */
const breakouts = [
  "'%'",
  "';%;'",
  "'+%+'",
  "':%,'",
  "'];%;['",
  "']||%||x['",
  "'),%,('",
  "',...%,'",
  "'}%{'",
  "'=%='",
  "'\n%\n'",
  "'//%",
  "'/*%*/'",
  '"%"',
  '";%;"',
  '"+%+"',
  '"];%;["',
  '\\%',
  "\\';%;//",
  '\\";%;//',
  "\\\\';%;'",
  '`%`',
  '`;%;`',
  '$\u007b%}',
  '`$\u007b%}`',
  '\n%\n',
  '\r%\r',
  '\r\n%',
  '\u2028%',
  '\u2029%',
  "\u2028';%;'",
  '*/%/*',
  '*/;%;//',
  '//%',
  '\n//%\n%',
  '/*%',
  '<!--%',
  '-->%',
  '</script><script>%</script>',
  ']]>%',
  ';%;',
  '%',
  '(%)',
  '[%]',
  '{%}',
  '=>%',
  '()=>%',
  'async()=>%',
  'get x(){%}',
  'set x(v){%}',
  'static{%}',
  '...%',
  'await %',
  'yield %',
  'new (%)',
  'x=%',
  'x,%',
  'x;%',
  'x\t%',
  'x\v%',
  'x\f%',
  'x\0%',
  'x\u00a0%',
  'x\ufeff%',
  '\ufeff%',
  'x\u0085%',
  'x\u200b%',
  'x\u202e%',
  '\\u0027%',
  '\\x27%',
  '\\u{27}%',
  '\\047%',
  '\\\n%',
  "\\\u2028';%;'",
  '%27%',
  '&#39;%',
  '\u2019%\u2019',
  '\u02bc%',
  '\uff07%',
  "'.constructor(%)+'",
  "'.constructor.constructor`%`+'",
  "'][%]['",
  "'in %+'",
  "'?.[%]+'",
  "'??%+'",
  '#%',
  '@%',
  "'#%'",
  '$%',
  '_%',
  '%/*',
  'url=<%>',
  "url=<'%'>",
  'integrity=<%>',
  'integrity=<sha256-%>',
  'locked-dep=<%>',
  'unlocked-dep=<%>',
  'relative-url=<%>',
  "a:b/c@1.0.0'%'",
  'a:b/%',
  "a:b/c@1.0.0-'%'",
  "[method]x.y'%'",
  '[constructor]%',
  '[static]%.%',
  '[async]%',
  '[export]%',
] as const;

/** What means something to JavaScript, to jco or to a parser of names, without any payload. */
const words = [
  ...`
    then catch finally constructor prototype __proto__ __defineGetter__ __lookupGetter__ toString valueOf toJSON
    hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString arguments caller callee eval await async yield
    let static class default function return typeof void delete new this super null true false in of instanceof
    import export from as get set enum implements interface package private protected public with while switch case
    const var debugger undefined nan infinity global-this window self document fetch promise object array map symbol
    number string boolean big-int error type-error proxy reflect json math date web-assembly uint8-array data-view
    text-decoder set-timeout console queue-microtask to-string value-of has-own-property to-json define-property
    exports0 exports1 module0 memory0 realloc0 trampoline0 handle-table0 capture-table0 instance-flags0 post-return0
    gen run-next resolve reject instantiate instantiate-core get-core-module imports util dv promise-then
    renamed-map renamed$0 $imports _initialize _start memory cabi_realloc cabi_post_x 0 1 01 -1 1e3 0x1 4294967296
    Infinity NaN a-1 a1 A HTTP HTTP-get a-B a--b -a a- a_b a.b é ａ а 名前 🦀 ﬁ ſ İ ß $ _ __ - . # [ ] [] [method]
    [method]a [method]a. [method].b [constructor] [static]a.b.c [method]thing.then [method]thing.constructor
    [static]thing.prototype [static]thing.name [resource-drop]thing [resource-new]thing [async-lower]x
    [task-return]x [export]wasi:nn/graph wasi:nn/graph wasi:http/types@0.2.0 wasi:random/random@0.2.0
    wasi:random/random@00.2.0 a:b a:b/ a:/c :b/c a:b/c@ a:b/c@1 a:b/c@1.0 a:b/c@1.0.0.0 a:b/c/d a:b:c/d A:b/c
    a:b/c@1.0.0+é a:b/then a:b/constructor a:b/record-function record-function Record-Function test:guest/api@1.0.0
    thing point nested-export
  `
    .trim()
    .split(/\s+/),
  'a b',
  ' a',
  'a ',
  'a\u0301',
  '',
  'wasi:random/random@0.2.0 ',
];

/** Bytes that are no UTF-8, or almost. */
const encodings: readonly Uint8Array[] = [
  [0xed, 0xa0, 0x80],
  [0xed, 0xb0, 0x80],
  [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80],
  [0xc0, 0xa7],
  [0xe0, 0x80, 0xa7],
  [0xf0, 0x80, 0x80, 0xa7],
  [0xc0, 0x80],
  [0xff],
  [0x80],
  [0xfe, 0xff],
  [0xc3],
  [0xe2, 0x80],
  [0xf0, 0x9f, 0xa6],
  [0xf4, 0x90, 0x80, 0x80],
  [0x61, 0xff, 0x27],
  [0x27, 0x80, 0x27],
].map((bytes) => Uint8Array.from(bytes));

/** Names that are long, or made of the same thing many times. */
const lengths = ['a', 'a-', "'", '\\', '\u2028', '🦀', '`${', '*/'].flatMap((text) => {
  return [100, 255, 256, 257, 1000, 5000, 20_000].map((length) => text.repeat(Math.ceil(length / text.length)));
});

/** A name that is hostile, and its label in what it would ask the server for. */
export interface Trick {
  readonly label: string;
  readonly name: Name;
}

/** About 500 tricks, in an order of their own. */
export const tricks: readonly Trick[] = [
  ...breakouts,
  ...breakouts.map((text) => `a${text}b`),
  ...breakouts.map((text) => `a-b${text}`),
  ...words,
  ...lengths,
  ...encodings,
].map((trick, index) => {
  const label = `trick-${index}`;
  return { label, name: typeof trick === 'string' ? trick.replaceAll('%', () => payload(label)) : trick };
});
