/**
 * The service worker of the site. It isolates pages whose server does not (as `src/isolation-service-worker.ts` does for any
 * site), and it answers from its cache where there is no network, once the visitor has had the site kept.
 */
import { type KeepReply, keepMessage } from './keep-message.js';

interface ExtendableEvent extends Event {
  waitUntil(promise: Promise<unknown>): void;
}

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const isExtendable = (event: Event): event is ExtendableEvent => 'waitUntil' in event;
const isFetch = (event: Event): event is FetchEvent => 'request' in event && 'respondWith' in event;

const cacheName = 'wasi-nn-web demo';
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

function isolated(response: Response): Response {
  // An opaque response has no headers to add to, and no status that a new one could be made with.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(isolation)) headers.set(name, value);
  if (response.redirected) headers.set('Wasi-NN-Web-Final-URL', response.url);
  const { status, statusText } = response;
  const body = [101, 204, 205, 304].includes(status) ? null : response.body;
  return new Response(body, { status, statusText, headers });
}

/** From the network, and where there is none, from the cache. */
async function answer(request: Request): Promise<Response> {
  const isOwn = request.method === 'GET' && new URL(request.url).origin === location.origin;
  try {
    const response = await fetch(request);
    if (isOwn && response.status === 200 && (await caches.has(cacheName))) await keep(request, response.clone());
    return isolated(response);
  } catch (cause) {
    const kept = isOwn
      ? await caches.match(request, { cacheName, ignoreSearch: request.mode === 'navigate' })
      : undefined;
    if (!kept) throw cause;
    return isolated(kept);
  }
}

/** A file that does not fit is served all the same. */
async function keep(request: Request, response: Response): Promise<void> {
  const cache = await caches.open(cacheName);
  await cache.put(request, response).catch(() => undefined);
}

/** Keeps all files that the build lists: pages, scripts, styles, guests and models. */
async function keepAll(): Promise<KeepReply> {
  try {
    const listing: unknown = await (await fetch('offline-files.json')).json();
    if (!Array.isArray(listing)) throw new Error('offline-files.json is no list');
    const files = listing.map(String);
    const cache = await caches.open(cacheName);
    await cache.addAll(files);
    return { files: files.length };
  } catch (cause) {
    await caches.delete(cacheName);
    return { failure: cause instanceof Error ? cause.message : String(cause) };
  }
}

addEventListener('install', () => Reflect.get(globalThis, 'skipWaiting').call(globalThis));
addEventListener('activate', (event) => {
  if (isExtendable(event)) event.waitUntil(Reflect.get(globalThis, 'clients').claim());
});
addEventListener('message', (event) => {
  const [port] = event.ports;
  if (event.data !== keepMessage || !port || !isExtendable(event)) return;
  event.waitUntil(keepAll().then((reply) => port.postMessage(reply)));
});
addEventListener('fetch', (event) => {
  if (!isFetch(event)) return;
  const { request } = event;
  // A browser answers this kind from its own cache alone, and refuses it to service workers.
  if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
  event.respondWith(answer(request));
});
