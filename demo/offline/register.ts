/**
 * Static hosts cannot send the headers that isolate a page. The service worker adds them, and the page is loaded once more.
 * Where the server sends them, the service worker starts only when the visitor keeps the site (`keep-site.ts`).
 */
import { showOfflineNotice } from './offline-notice.js';
import { registerServiceWorker } from './service-worker-registration.js';

/** To load the page a second time would not help, and never end: something else keeps the page from being isolated. */
const reloadedKey = 'demo: loaded again to be isolated';

async function isolate(): Promise<void> {
  if (crossOriginIsolated || !navigator.serviceWorker || import.meta.env.DEV) return;
  await registerServiceWorker();
  if (sessionStorage.getItem(reloadedKey)) return;
  sessionStorage.setItem(reloadedKey, 'yes');
  location.reload();
}

// A page that is not isolated works too, with one thread.
void isolate().catch(() => undefined);
showOfflineNotice();
