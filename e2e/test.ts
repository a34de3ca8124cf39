import { test as base, type Page } from '@playwright/test';
import { type SharedProcess, shareProcess } from './shared-process.js';
import { type Site, startSite } from './site.js';

export { expect } from '@playwright/test';

interface Options {
  /** Whether a test's pages have a renderer process to themselves, as what measures memory needs. Default: no. */
  readonly ownProcess: boolean;
}

interface Fixtures {
  /** A server that no other test uses meanwhile. */
  readonly site: Site;
  /** Another server, and so another origin. */
  readonly otherSite: Site;
  /** An empty page on the test's server. */
  readonly blank: Page;
}

interface WorkerFixtures {
  /** The server of a worker's tests, one after the other: what a test has set there is reset. */
  readonly workerSite: Site;
  readonly sharedProcess: SharedProcess;
}

export const test = base.extend<Options & Fixtures, WorkerFixtures>({
  ownProcess: [false, { option: true }],
  workerSite: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs off the pattern.
    async ({}, use) => {
      const site = await startSite();
      await use(site);
      await site.close();
    },
    { scope: 'worker' },
  ],
  sharedProcess: [
    async ({ browser, workerSite }, use) => {
      await use(shareProcess(browser, workerSite.origin));
    },
    { scope: 'worker' },
  ],
  site: async ({ workerSite }, use) => {
    await use(workerSite);
    workerSite.reset();
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  otherSite: async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.close();
  },
  context: async ({ browser, ownProcess, sharedProcess }, use) => {
    const own = ownProcess ? await browser.newContext() : undefined;
    await use(own ?? (await sharedProcess.context()));
    await own?.close();
    await sharedProcess.reset();
  },
  page: async ({ context, ownProcess, sharedProcess }, use) => {
    await use(await (ownProcess ? context.newPage() : sharedProcess.openPage()));
  },
  blank: async ({ page, site }, use) => {
    await page.goto(`${site.origin}/blank.html`);
    await use(page);
  },
});
