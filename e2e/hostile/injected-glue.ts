/**
 * The glue of a component, as if hostile names had put code of their own into it. The code does what it can to read the
 * page's origin and to send something away, and reports what came of it. It is loaded like the glue of a build step, so
 * nothing has checked it.
 */
export const injectedGlue = `
const secretPath = '/private';
const outcomes = {};

async function attempt(name, action) {
  try {
    outcomes[name] = 'worked: ' + String(await action()).slice(0, 80);
  } catch (cause) {
    outcomes[name] = 'failed: ' + cause.name;
  }
}

const names = [
  'fetch', 'XMLHttpRequest', 'WebSocket', 'WebSocketStream', 'EventSource', 'WebTransport', 'RTCPeerConnection', 'importScripts',
  'Worker', 'SharedWorker', 'ServiceWorker', 'BroadcastChannel', 'MessageChannel', 'MessagePort', 'indexedDB', 'caches', 'cookieStore',
  'FontFace', 'fonts', 'OffscreenCanvas', 'createImageBitmap', 'Notification', 'URL', 'Blob', 'FileReaderSync', 'Request', 'Response',
  'webkitRequestFileSystemSync', 'webkitResolveLocalFileSystemURL', 'postMessage', 'close', 'reportError', 'dispatchEvent',
  'addEventListener', 'removeEventListener', 'onmessage', 'onerror', 'location', 'origin', 'self', 'name', 'scheduler', 'trustedTypes',
  'structuredClone', 'eval', 'ShadowRealm', 'AbortController', 'EventTarget', 'Event', 'MessageEvent', 'ReadableStream', 'WorkerGlobalScope',
  'DedicatedWorkerGlobalScope', 'PressureObserver', 'ReportingObserver', 'PerformanceObserver', 'StorageManager', 'WebSocketError', 'VideoDecoder',
  'GPU', 'ML', 'USB', 'Serial', 'HID', 'IdleDetector',
];

/** Everything that can be found on the global object and its prototypes. */
function globals() {
  const found = [];
  for (let holder = globalThis; holder && holder !== Object.prototype; holder = Reflect.getPrototypeOf(holder)) {
    found.push(...Reflect.ownKeys(holder).map(String));
  }
  return found;
}

/** Every object that can be reached from the global object by properties and prototypes. */
function reachable() {
  const seen = new Set();
  const pending = [globalThis];
  while (pending.length > 0) {
    const object = pending.pop();
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue;
    seen.add(object);
    pending.push(Reflect.getPrototypeOf(object));
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, key) ?? {};
      pending.push(value, get, set);
    }
  }
  return seen;
}

const functionOf = (f) => Reflect.getPrototypeOf(f).constructor;
const stolen = [];

async function attack(imports) {
  const before = new Set(names.filter((name) => typeof globalThis[name] !== 'undefined'));
  outcomes.names = [...before].join();
  outcomes.globals = globals().sort().join();
  outcomes.unfrozen = [...reachable()].filter((object) => object !== globalThis && !Object.isFrozen(object)).map(String).join();
  await attempt('fetch', () => fetch(secretPath).then((response) => response.text()));
  await attempt('XMLHttpRequest', () => {
    const request = new XMLHttpRequest();
    request.open('GET', secretPath, false);
    request.send();
    return request.responseText;
  });
  await attempt('WebSocket', () => new WebSocket('ws://' + location.host + '/canary'));
  await attempt('EventSource', () => new EventSource('/canary'));
  await attempt('importScripts', () => importScripts('/canary.js'));
  await attempt('Worker', () => new Worker('/canary.js'));
  await attempt('BroadcastChannel', () => new BroadcastChannel('canary').postMessage('here'));
  await attempt('FontFace', () => new FontFace('x', 'url(/canary)').load());
  await attempt('fonts', () => fonts.load('1px x'));
  await attempt('indexedDB', () => indexedDB.open('canary'));
  await attempt('caches', () => caches.open('canary'));
  await attempt('storage', () => navigator.storage.getDirectory());
  await attempt('locks', () => navigator.locks.request('canary', () => undefined));
  await attempt('sendBeacon', () => navigator.sendBeacon('/canary', 'x'));
  await attempt('postMessage', () => postMessage({ type: 'refused' }));
  await attempt('close', () => close());
  await attempt('eval', () => eval('1'));
  await attempt('indirect eval', () => (0, globalThis.eval)('1'));
  await attempt('Function', () => Function('return 1')());
  await attempt('new Function', () => new Function('return 1')());
  await attempt('constructor of a function', () => functionOf(() => {})('return 1')());
  await attempt('constructor of an async function', () => functionOf(async () => {})('return 1')());
  await attempt('constructor of a generator', () => functionOf(function* () {})('yield 1')().next().value);
  await attempt('constructor of an async generator', () => functionOf(async function* () {})('yield 1'));
  await attempt('constructor of a class', () => functionOf(class {})('return 1')());
  await attempt('Reflect.construct', () => Reflect.construct(functionOf(() => {}), ['return 1'])());
  await attempt('constructor of a host function', () => functionOf(imports['wasi:nn/graph'].load)('return 1')());
  await attempt('constructor of a resource', () => imports['wasi:nn/graph'].Graph.constructor('return 1')());
  await attempt('constructor of an interface', () => imports['wasi:nn/graph'].constructor.constructor('return 1')());
  await attempt('timer with text', () => setTimeout('globalThis.canary = 1'));
  await attempt('interval with text', () => setInterval('globalThis.canary = 1'));
  await attempt('hooking promises', () => { Promise.prototype.then = function (...args) { stolen.push(this); }; });
  await attempt('hooking arrays', () => { Array.prototype[Symbol.iterator] = function () { stolen.push(this); }; });
  await attempt('hooking setters', () => { Object.defineProperty(Object.prototype, 'port', { set(value) { stolen.push(value); } }); });
  await attempt('hooking maps', () => { Map.prototype.get = function () { stolen.push(this); }; });
  await attempt('hooking calls', () => { Reflect.apply = (...args) => stolen.push(args); });
  await attempt('hooking Function.prototype.call', () => { Function.prototype.call = function () { stolen.push(this); }; });
  await attempt('hooking errors', () => { Error.prepareStackTrace = (_, sites) => stolen.push(sites); });
  await attempt('hooking WebAssembly', () => { WebAssembly.instantiate = (...args) => stolen.push(args); });
  await attempt('new global', () => { globalThis.postMessage = (value) => stolen.push(value); });
  await attempt('replacing a global', () => { globalThis.TextDecoder = class {}; });
  await attempt('a graph of its own', () => new imports['wasi:nn/graph'].Graph({ hold: () => stolen.push('lease') }));
  outcomes.stolen = stolen.length;
  return JSON.stringify(outcomes);
}

export async function instantiate(getCoreModule, imports) {
  const early = typeof fetch;
  return { exports: { attack: async () => attack(imports), early: () => early } };
}
`;
