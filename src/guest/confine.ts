/**
 * Takes everything from a guest's worker that guest code could read the page's origin with, or send anything with. It
 * must run before guest code does, and after every module of the host has been loaded: the host keeps what it has
 * captured by then.
 *
 * The lists below allow; what they do not name is removed. So a feature that a browser gains later is removed too.
 */

/** The intrinsics of the language, and the few functions of the platform that the host's modules and jco's glue call. */
const allowedGlobals: ReadonlySet<PropertyKey> = new Set([
  ...['globalThis', 'Infinity', 'NaN', 'undefined', 'isFinite', 'isNaN', 'parseFloat', 'parseInt'],
  ...['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent'],
  ...['Object', 'Function', 'Boolean', 'Symbol', 'Number', 'BigInt', 'Math', 'Date', 'String', 'RegExp', 'JSON'],
  ...['Array', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry', 'Iterator', 'Promise'],
  ...['Proxy', 'Reflect', 'Atomics', 'ArrayBuffer', 'SharedArrayBuffer', 'DataView', 'WebAssembly'],
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['BigInt64Array', 'BigUint64Array', 'Float16Array', 'Float32Array', 'Float64Array'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SuppressedError', 'SyntaxError'],
  ...['TypeError', 'URIError', 'DisposableStack', 'AsyncDisposableStack'],
  ...['TextEncoder', 'TextDecoder', 'queueMicrotask'],
]);

/** `WebAssembly` without the functions that take a `Response`. */
const allowedInWebAssembly: ReadonlySet<PropertyKey> = new Set([
  ...['Module', 'Instance', 'Memory', 'Table', 'Global', 'Tag', 'JSTag', 'Exception', 'Suspending', 'promising'],
  ...['CompileError', 'LinkError', 'RuntimeError', 'SuspendError', 'compile', 'instantiate', 'validate'],
  Symbol.toStringTag,
]);

/** Platform classes whose objects the host goes on using. Guest code must not be able to change their methods. */
const platformClasses = [
  ...['EventTarget', 'Event', 'MessageEvent', 'MessagePort', 'MessageChannel', 'Blob', 'URL', 'DOMException'],
  ...['AbortController', 'AbortSignal'],
] as const;

/**
 * Confines the worker that this code runs in. Afterwards guest code finds the language, WebAssembly and what
 * {@link allowedGlobals} names; none of it can be changed, and none of it makes code of text. `import()` is syntax and
 * stays: glue that contains it must not be loaded.
 *
 * @throws Error where the browser keeps a capability that cannot be taken away; no guest may run then
 */
export function confine(): void {
  const scope = globalThis;
  const platform = createReplacements(scope);
  const roots = [...platformClasses.map((name): unknown => Reflect.get(scope, name)), ...hiddenIntrinsics()];
  removeOthers(scope.WebAssembly, allowedInWebAssembly);
  for (const holder of prototypeChain(scope)) removeOthers(holder, allowedGlobals);
  const replacements = { ...platform, Function: disableCodeFromText() };
  for (const [name, value] of Object.entries(replacements)) {
    Object.defineProperty(scope, name, { value, writable: false, enumerable: false, configurable: false });
  }
  allowOverrides(Error.prototype, ['message', 'name']);
  const frozen = new Set<object>();
  for (const root of roots) harden(root, frozen);
  for (const holder of prototypeChain(scope).slice(1)) harden(holder, frozen);
  for (const key of Reflect.ownKeys(scope)) lock(scope, key, frozen);
  Object.preventExtensions(scope);
}

/** What guest code finds in place of objects of the platform that can do more. */
function createReplacements(scope: typeof globalThis): Record<string, unknown> {
  const { crypto, performance, navigator, setTimeout, clearTimeout, setInterval, clearInterval } = scope;
  const getRandomValues = crypto.getRandomValues.bind(crypto);
  const now = performance.now.bind(performance);
  const ignore = () => undefined;
  return {
    // One parameter each: browsers pass further ones on to the callback.
    crypto: { getRandomValues: (array: Uint8Array<ArrayBuffer>) => getRandomValues(array) },
    performance: { now: () => now() },
    crossOriginIsolated: scope.crossOriginIsolated,
    // Clients ask which accelerators there are, not for what they can do.
    navigator: Object.fromEntries(['gpu', 'ml'].filter((name) => name in navigator).map((name) => [name, true])),
    setTimeout: (callback: unknown, delay: unknown) => setTimeout(expectCallback(callback), Number(delay)),
    setInterval: (callback: unknown, delay: unknown) => setInterval(expectCallback(callback), Number(delay)),
    clearTimeout: (timer: unknown) => clearTimeout(Number(timer)),
    clearInterval: (timer: unknown) => clearInterval(Number(timer)),
    console: { debug: ignore, error: ignore, info: ignore, log: ignore, trace: ignore, warn: ignore },
  };
}

/** Browsers take text for code here. */
function expectCallback(callback: unknown): () => void {
  if (typeof callback !== 'function') throw new TypeError('a timer needs a function');
  return () => Reflect.apply(callback, undefined, []);
}

/** An object and its prototypes, except `Object.prototype`. */
function prototypeChain(start: object): object[] {
  const chain: object[] = [];
  for (
    let object: object | null = start;
    object && object !== Object.prototype;
    object = Object.getPrototypeOf(object)
  ) {
    chain.push(object);
  }
  return chain;
}

function removeOthers(holder: object, allowed: ReadonlySet<PropertyKey>): void {
  for (const key of Reflect.ownKeys(holder)) {
    if (allowed.has(key) || Reflect.deleteProperty(holder, key)) continue;
    // Chromium has two constants that cannot be deleted: a number can do nothing.
    const { value, get } = Object.getOwnPropertyDescriptor(holder, key) ?? {};
    if (get || isObject(value)) throw new Error(`the guest's worker cannot be confined: ${String(key)} stays`);
  }
}

/**
 * Has the constructors of functions refuse: each makes code of text, and any function leads to one of them.
 *
 * @returns what stands in place of `Function`
 */
function disableCodeFromText(): unknown {
  const prototypes = [
    Function.prototype,
    Object.getPrototypeOf(function* () {}),
    Object.getPrototypeOf(async () => {}),
    Object.getPrototypeOf(async function* () {}),
  ];
  const constructors = prototypes.map((prototype) => {
    const refuse = () => {
      throw new TypeError('a guest cannot make code of text');
    };
    Object.defineProperty(refuse, 'prototype', { value: prototype });
    Object.defineProperty(prototype, 'constructor', { value: refuse });
    return refuse;
  });
  return constructors[0];
}

/** Intrinsics that no name leads to. */
function hiddenIntrinsics(): object[] {
  const objects: unknown[] = [
    function* () {},
    async () => {},
    async function* () {},
    (function* () {})(),
    (async function* () {})(),
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().values(),
    ''[Symbol.iterator](),
    /./[Symbol.matchAll](''),
    iteratorHelper('from'),
    iteratorHelper('map'),
  ];
  return objects.filter(isObject).map((object): object => Object.getPrototypeOf(object));
}

/** An object of a kind that the newer helpers for iterators make, where the browser has them. */
function iteratorHelper(name: 'from' | 'map'): unknown {
  const Iterator: unknown = Reflect.get(globalThis, 'Iterator');
  if (typeof Iterator !== 'function') return undefined;
  if (name === 'from')
    return Reflect.apply(Reflect.get(Iterator, 'from'), Iterator, [{ next: () => ({ done: true }) }]);
  const map: unknown = Reflect.get(Iterator.prototype, 'map');
  return typeof map === 'function' ? Reflect.apply(map, [][Symbol.iterator](), [() => undefined]) : undefined;
}

/**
 * Lets objects that inherit a property still have one of their own by assignment, which a property of a frozen
 * prototype would forbid: jco's glue assigns `error.message`.
 */
function allowOverrides(prototype: object, keys: readonly string[]): void {
  for (const key of keys) {
    const inherited: unknown = Reflect.get(prototype, key);
    Object.defineProperty(prototype, key, {
      get: () => inherited,
      set(this: object, value: unknown) {
        if (this === prototype) throw new TypeError(`${key} of an intrinsic prototype cannot be changed`);
        Object.defineProperty(this, key, { value, writable: true, enumerable: false, configurable: true });
      },
    });
  }
}

/** Freezes an object and all that its properties and prototypes lead to. */
function harden(root: unknown, frozen: Set<object>): void {
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const object = pending.pop();
    if (!isObject(object) || object === globalThis || frozen.has(object)) continue;
    frozen.add(object);
    Object.freeze(object);
    pending.push(Object.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(object, key) ?? {};
      pending.push(value, get, set);
    }
  }
}

/** Makes a property of the global object constant, and freezes its value. */
function lock(scope: object, key: PropertyKey, frozen: Set<object>): void {
  const value: unknown = Reflect.get(scope, key);
  Reflect.defineProperty(scope, key, { value, writable: false, configurable: false });
  harden(value, frozen);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
