/** The root of the site, wherever it is served: the folder of the manifest. */
function siteRoot(): string {
  const manifest = document.querySelector('link[rel="manifest"]');
  if (!(manifest instanceof HTMLLinkElement)) throw new Error('The page names no manifest.');
  return new URL('.', manifest.href).href;
}

/** Has the site's service worker answer for its pages. @returns it, once it is active */
export async function registerServiceWorker(): Promise<ServiceWorker> {
  await navigator.serviceWorker.register(new URL('service-worker.js', siteRoot()));
  const { active } = await navigator.serviceWorker.ready;
  if (!active) throw new Error('The service worker is not active.');
  return active;
}
