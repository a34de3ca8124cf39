/**
 * Makes a page cross-origin isolated where its host cannot set headers, as on static hosts. Copy this script to the
 * folder that the page is in, and load it before all others: `<script src="isolation-service-worker.js"></script>`. On
 * the page it registers itself as service worker and reloads once; as service worker it adds the two headers to what
 * the page loads. It is a script by itself, not a module.
 */
{
  interface FetchEvent extends Event {
    readonly request: Request;
    respondWith(response: Promise<Response>): void;
  }

  const headers = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };

  const isFetchEvent = (event: Event): event is FetchEvent => 'request' in event && 'respondWith' in event;

  const fetchIsolated = async (request: Request): Promise<Response> => {
    const response = await fetch(request);
    // An opaque response has no headers to add to, and no status that a new one could be made with.
    if (response.status === 0) return response;
    const isolated = new Headers(response.headers);
    for (const [name, value] of Object.entries(headers)) isolated.set(name, value);
    // The page would see the URL that it has asked for; `src/models/fetch-allowed.ts` reads this.
    if (response.redirected) isolated.set('Wasi-NN-Web-Final-URL', response.url);
    const { status, statusText } = response;
    const body = [101, 204, 205, 304].includes(status) ? null : response.body;
    return new Response(body, { status, statusText, headers: isolated });
  };

  const serve = (): void => {
    addEventListener('install', () => Reflect.get(globalThis, 'skipWaiting').call(globalThis));
    addEventListener('activate', (event) => {
      Reflect.get(event, 'waitUntil').call(event, Reflect.get(globalThis, 'clients').claim());
    });
    addEventListener('fetch', (event) => {
      if (!isFetchEvent(event)) return;
      const { request } = event;
      // A browser answers this kind from its cache alone, and refuses it to service workers.
      if (request.cache === 'only-if-cached' && request.mode !== 'same-origin') return;
      event.respondWith(fetchIsolated(request));
    });
  };

  const register = async (script: string): Promise<void> => {
    if (crossOriginIsolated || !navigator.serviceWorker) return;
    await navigator.serviceWorker.register(script);
    await navigator.serviceWorker.ready;
    // Reloading a second time would not help, and never end: something else keeps the page from being isolated.
    const key = 'wasi-nn-web: reloaded to be isolated';
    if (sessionStorage.getItem(key)) return;
    sessionStorage.setItem(key, 'yes');
    location.reload();
  };

  if (!('document' in globalThis)) serve();
  else if (document.currentScript instanceof HTMLScriptElement) void register(document.currentScript.src);
}
