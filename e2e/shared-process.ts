import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { keepGuest } from './kept-guest.js';
import { forAllTests } from './site.js';

/**
 * Opens the pages of one test after the other in one renderer process. V8 keeps what it has compiled of a WebAssembly module
 * while a page of the process holds the module. So each test is spared the compilation of the runtimes, which would take more
 * processor time than all else that most tests do. The library also finds the guest that most tests run already transpiled, as
 * on a second visit.
 *
 * Chromium gives pages one process when they have one origin and one of them has opened the others.
 */
export interface SharedProcess {
  /** The context of all pages. */
  context(): Promise<BrowserContext>;
  /** Opens an empty page. It leaves the process when it goes to another origin. */
  openPage(): Promise<Page>;
  /** Closes all pages that tests have opened, and deletes what they have stored: each test finds the same storage. */
  reset(): Promise<void>;
}

interface Opener {
  readonly context: BrowserContext;
  /** The page that opens the others, and holds the modules and what is transpiled. */
  readonly page: Page;
}

/** A process is given up after so many pages: it may not have all memory back that they had. */
const pagesPerProcess = 40;

/** The URLs of the modules that most tests run. */
function findModules(): string[] {
  const files = readdirSync(path.resolve(import.meta.dirname, '../dist/standalone/assets'));
  const modules = files.filter((file) =>
    /^(ort-wasm-simd-threaded(\.jspi)?|js-component-bindgen-component\.core-.*)\.wasm$/.test(file),
  );
  return modules.map((file) => `lib/assets/${file}`);
}

/** @param origin of a site that serves `/blank.html` isolated, and the library below `/lib/` */
export function shareProcess(browser: Browser, origin: string): SharedProcess {
  let opener: Opener | undefined;
  let pages = 0;

  async function start(): Promise<Opener> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${origin}${forAllTests}blank.html`);
    await page.evaluate(holdModules, findModules());
    await page.evaluate(keepGuest, 'guests/probe.component.wasm');
    pages = 0;
    const started = { context, page };
    // A page that has crashed cannot be closed.
    page.once('crash', () => {
      if (opener === started) opener = undefined;
    });
    return started;
  }

  async function clear({ context, page }: Opener): Promise<void> {
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    for (const other of context.pages()) {
      if (other === page) continue;
      // A worker that is ended with its page may wait for a script that a test answers.
      await other.unrouteAll({ behavior: 'ignoreErrors' });
      await other.close();
    }
    const session = await context.newCDPSession(page);
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await session.send('Network.clearBrowserCache');
    await session.detach();
    await page.evaluate(() => keptGuest?.store());
  }

  return {
    async context() {
      opener ??= await start();
      return opener.context;
    },
    async openPage() {
      opener ??= await start();
      pages++;
      const opened = opener.context.waitForEvent('page');
      await opener.page.evaluate(() => void window.open('about:blank'));
      return opened;
    },
    async reset() {
      if (!opener) return;
      const { context } = opener;
      const isUsable =
        pages < pagesPerProcess &&
        (await clear(opener)
          .then(() => true)
          .catch(() => false));
      if (isUsable) return;
      opener = undefined;
      await context.close();
    },
  };
}

declare global {
  var heldModules: readonly WebAssembly.Module[];
}

async function holdModules(urls: readonly string[]): Promise<void> {
  globalThis.heldModules = await Promise.all(urls.map((url) => WebAssembly.compileStreaming(fetch(url))));
}
