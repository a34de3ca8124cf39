import { runIn } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { injectedGlue } from './hostile/injected-glue.js';
import { expectResponsive, openSession, serveSession } from './hostile/session-page.js';

// Code that has got into a guest's worker all the same: the worker itself gives it nothing to read or send with.

/** What a guest's worker still has: the language, WebAssembly, and functions that reach nobody. */
const globals = [
  ...['globalThis', 'Infinity', 'NaN', 'undefined', 'isFinite', 'isNaN', 'parseFloat', 'parseInt', 'decodeURI'],
  ...['decodeURIComponent', 'encodeURI', 'encodeURIComponent', 'Object', 'Function', 'Boolean', 'Symbol', 'Number'],
  ...['BigInt', 'Math', 'Date', 'String', 'RegExp', 'JSON', 'Array', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef'],
  ...['FinalizationRegistry', 'Iterator', 'Promise', 'Proxy', 'Reflect', 'Atomics', 'ArrayBuffer', 'SharedArrayBuffer'],
  ...['DataView', 'WebAssembly', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array'],
  ...['Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array', 'Float16Array', 'Float32Array', 'Float64Array'],
  ...['Error', 'AggregateError', 'EvalError', 'RangeError', 'ReferenceError', 'SuppressedError', 'SyntaxError'],
  ...['TypeError', 'URIError', 'DisposableStack', 'AsyncDisposableStack', 'TextEncoder', 'TextDecoder'],
  ...['queueMicrotask', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval', 'console', 'performance'],
  ...['crypto', 'navigator', 'crossOriginIsolated', 'TEMPORARY', 'PERSISTENT'],
];

test.beforeEach(({ site }) => {
  site.answer('/injected.js', (_, response) => response.setHeader('Content-Type', 'text/javascript').end(injectedGlue));
});

test('code in the worker of a guest can neither read nor send', async ({ tab, site, waiting }) => {
  const attempts = serveSession(site);
  await openSession(tab, site, waiting);
  const { outcomes, ...seen } = { ...Object(await runIn(tab, runInjected, undefined)) };
  expect(seen).toEqual({
    early: 'undefined',
    reached: [],
    databases: [],
    caches: [],
    canary: 'undefined',
    exitCode: 7,
  });
  expect(attempts.requests).toEqual([]);
  expect(site.requests.filter((path) => path.includes('canary') || path.includes('private'))).toEqual([]);

  const { names, globals: found, unfrozen, stolen, ...attempted } = JSON.parse(String(outcomes));
  expect(names).toBe('');
  expect(found.split(',').filter((name: string) => !globals.includes(name))).toEqual([]);
  expect(unfrozen).toBe('');
  expect(stolen).toBe(0);
  const worked = Object.entries(attempted).filter(([, outcome]) => !String(outcome).startsWith('failed: '));
  expect(worked).toEqual([]);
  await expectResponsive(tab);
});

async function runInjected(): Promise<unknown> {
  const { nn, waiting, reached } = sessionPage;
  const component = {
    imports: ['wasi:nn/graph@0.2.0-rc-2024-10-28', 'wasi:io/streams@0.2.3'],
    functions: ['attack', 'early'],
    interfaces: new Map(),
  };
  const glue = { suspend: '/injected.js', block: '/injected.js' };
  const { exports } = await nn.instantiate<{ attack(): Promise<string>; early(): Promise<string> }>(
    { glue, coreModules: {}, component },
    { waiting },
  );
  const outcomes = await exports.attack();
  const early = await exports.early();
  const { exitCode } = await nn.run('/guests/exit.wasm', { args: ['7'], waiting });
  const databases = (await indexedDB.databases()).map(({ name }) => name).filter((name) => name?.includes('canary'));
  const kept = 'caches' in globalThis ? await caches.keys() : [];
  return {
    outcomes,
    early,
    reached,
    databases,
    caches: kept,
    canary: typeof Reflect.get(globalThis, 'canary'),
    exitCode,
  };
}
