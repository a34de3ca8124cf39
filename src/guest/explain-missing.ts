import { quote } from '../standard/error.js';

/** How many modules, and how many names of each, a message shows. */
const maxModules = 5;
const maxNames = 3;

/** By what they import: modules that were built for something else than WASI, and what to do. */
const foreign: readonly (readonly [imports: RegExp, advice: string])[] = [
  [
    /^(wbg|__wbindgen\w*)\0/,
    'it was built by wasm-bindgen for a page: build it for wasm32-wasip1, without wasm-bindgen',
  ],
  [/^(gojs|go)\0/, "it was built for Go's own support code (GOOS=js): build it with GOOS=wasip1"],
  [
    /^env\0(emscripten_|invoke_|__syscall_|_emscripten)/,
    'it was built by Emscripten for a page: build it with wasi-sdk',
  ],
  [/^wasi_unstable\0/, 'it was built for WASI preview 0: build it for preview 1 (wasm32-wasip1)'],
];

/**
 * Says what a core module imports that nothing here provides.
 *
 * @param missing in any number
 */
export function explainMissing(missing: readonly WebAssembly.ModuleImportDescriptor[]): string {
  const namesOf = new Map<string, Set<string>>();
  for (const { module, name } of missing) namesOf.set(module, (namesOf.get(module) ?? new Set()).add(name));
  const modules = Array.from(namesOf, ([module, names]) => summarise(module, [...names]));
  const shown = modules.slice(0, maxModules).join('; ');
  const others = modules.length > maxModules ? `; and of ${modules.length - maxModules} other modules` : '';
  const [, advice = 'pass functions of the page as the option imports'] =
    foreign.find(([imports]) => missing.some(({ module, name }) => imports.test(`${module}\0${name}`))) ?? [];
  return `instantiate: the module imports ${shown}${others}, which nothing here provides. Only functions of wasi_snapshot_preview1, wasi_ephemeral_nn and wasi_nn are there: ${advice}`;
}

/** `"env.log"`, or `34 names of "env": "a", "b", "c" and others`. */
function summarise(module: string, names: readonly string[]): string {
  if (names.length <= maxNames) return names.map((name) => quote(`${module}.${name}`)).join(', ');
  const shown = names.slice(0, maxNames).map(quote).join(', ');
  return `${names.length} names of ${quote(module)} (${shown} and others)`;
}
