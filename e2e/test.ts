import { test as base, type Page } from '@playwright/test';
import { type Site, startSite } from './site.js';

export { expect } from '@playwright/test';

interface Fixtures {
  /** The test's own server. */
  readonly site: Site;
  /** Another server, and so another origin. */
  readonly otherSite: Site;
  /** An empty page on the test's own server. */
  readonly blank: Page;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's needs off the pattern.
  site: async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.close();
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  otherSite: async ({}, use) => {
    const site = await startSite();
    await use(site);
    await site.close();
  },
  blank: async ({ page, site }, use) => {
    await page.goto(`${site.origin}/blank.html`);
    await use(page);
  },
});
