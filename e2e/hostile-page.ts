import type { Waiting, WasiNN } from '../src/index.js';

/** What became of a guest that was started in a page. */
export interface Outcome {
  /** What its functions answered, or `refused` with the error. */
  readonly answers: readonly string[];
  /** The longest time in which the page ran no timer meanwhile, in ms. */
  readonly longestPause: number;
  /** Whether the guest's code has reached the page. */
  readonly isReached: boolean;
}

/** A call of an exported function: where it is in the exports, and what it is given. */
export interface Call {
  readonly path: readonly string[];
  readonly values: readonly unknown[];
}

export interface Start {
  readonly url: string;
  readonly waiting: Waiting;
  readonly calls: readonly Call[];
}

declare global {
  /** The library, which all guests of a page share. */
  var hostileGuests: WasiNN | undefined;
}

/** Starts a guest and calls it. Runs in the page: nothing of this module is there. */
export async function startGuest({ url, waiting, calls }: Start): Promise<Outcome> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  globalThis.hostileGuests ??= createWasiNN();
  const nn = globalThis.hostileGuests;
  let last = performance.now();
  let longestPause = 0;
  const ticks = setInterval(() => {
    longestPause = Math.max(longestPause, performance.now() - last);
    last = performance.now();
  }, 10);
  const describe = (cause: unknown) => {
    if (!(cause instanceof Error)) return `refused: ${String(cause)}`;
    return `refused: ${cause.name} ${Reflect.get(cause, 'code') ?? ''}: ${cause.message}`;
  };
  const call = async (exports: object, { path, values }: Call) => {
    const found = path.reduce<unknown>((holder, name) => Reflect.get(Object(holder), name), exports);
    if (typeof found !== 'function') return `there is no ${path.join('.')}`;
    const value: unknown = await Reflect.apply(found, undefined, values);
    return ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : String(value);
  };
  const answers: string[] = [];
  try {
    const guest = await nn.instantiate(url, { waiting });
    for (const each of calls) answers.push(await call(guest.exports, each).catch(describe));
    guest.dispose();
  } catch (cause) {
    answers.push(describe(cause));
  }
  clearInterval(ticks);
  return { answers, longestPause, isReached: '__canary' in globalThis };
}

/** Puts code into the scripts of all components that are kept for the next visit. Runs in the page. */
export async function damageKeptScripts(code: string): Promise<number> {
  const opened = indexedDB.open('wasi-nn-web guests');
  await new Promise((resolve, reject) => {
    opened.onsuccess = resolve;
    opened.onerror = reject;
  });
  const database = opened.result;
  const store = database.transaction('components', 'readwrite').objectStore('components');
  const read = store.getAll();
  await new Promise((resolve) => {
    read.onsuccess = resolve;
  });
  for (const entry of read.result) store.put({ ...entry, script: code + entry.script });
  await new Promise((resolve) => {
    store.transaction.oncomplete = resolve;
  });
  database.close();
  return read.result.length;
}
