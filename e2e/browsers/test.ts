import type { Waiting } from '../../src/index.js';
import { startSite } from '../site.js';
import { test as base } from '../test.js';
import { startWithPlaywright, type Tab, type TestBrowser } from './browser.js';
import { startFirefox } from './firefox.js';
import { type BrowserName, reasonToSkip } from './installed.js';
import { startWebKit } from './webkit.js';

export { expect } from '@playwright/test';

/** What a test project says, besides the browser, of how it runs guests. */
export interface GuestOptions {
  readonly waiting: Waiting;
}

interface Fixtures {
  readonly skipWithoutBrowser: undefined;
  /** A tab of the project's browser, whichever drives it. */
  readonly tab: Tab;
}

interface WorkerFixtures {
  readonly browserUnderTest: TestBrowser;
}

/**
 * Tests that run in every browser. Where the browser is not installed, they are skipped. A spec prepares such a test with
 * fixtures, not with hooks: `afterEach` runs for a skipped test too, although its `beforeEach` has not run.
 */
export const test = base.extend<Fixtures, GuestOptions & WorkerFixtures>({
  // Firefox and WebKit keep what a page has stored, for the next page of its origin.
  site: async ({ browserName, site }, use) => {
    const own = browserName === 'chromium' ? undefined : await startSite();
    await use(own ?? site);
    await own?.close();
  },
  waiting: ['suspend', { option: true, scope: 'worker' }],
  browserUnderTest: [
    async ({ playwright, browserName, launchOptions }, use) => {
      const start: Record<BrowserName, () => Promise<TestBrowser>> = {
        chromium: () => startWithPlaywright(playwright.chromium, launchOptions),
        firefox: startFirefox,
        webkit: startWebKit,
      };
      const browser = await start[browserName]();
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  skipWithoutBrowser: [
    async ({ browserName }, use, testInfo) => {
      const reason = reasonToSkip(browserName);
      testInfo.skip(reason !== undefined, reason);
      await use(undefined);
    },
    { auto: true },
  ],
  tab: async ({ browserUnderTest, site }, use) => {
    const tab = await browserUnderTest.openTab(site.origin);
    await use(tab);
    await tab.close();
  },
});
