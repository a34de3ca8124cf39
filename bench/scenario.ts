import { chromium } from '@playwright/test';
import type { TestBrowser } from '../e2e/browsers/browser.js';
import { startFirefox } from '../e2e/browsers/firefox.js';
import { type BrowserName, reasonToSkip } from '../e2e/browsers/installed.js';
import { startWebKit } from '../e2e/browsers/webkit.js';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import type { Goal, Measured } from './results.js';
import type { BenchSite } from './site.js';

/** What all scenarios of a run share. */
export interface Bench {
  readonly site: BenchSite;
  /** The browser that is measured. Scenarios that look at processes or at visits start Chromium of their own. */
  readonly browser: TestBrowser;
  /** The digest of the large model. */
  readonly sha256: string;
  /** Which part of the samples is taken. */
  readonly share: number;
}

export interface Scenario extends Goal {
  /** Whether it takes models that are no part of the project. */
  readonly needsFixtures?: boolean;
  /** The one browser that it is for. Others run it where it is asked for by name. Default: any. */
  readonly browser?: BrowserName;
  /** Fetches or builds what it takes and the project does not have. @returns why this is impossible, where it is */
  readonly prepare?: () => Promise<string | undefined>;
  measure(bench: Bench): Promise<Measured>;
}

/** @throws Error for a browser that there is not, or that is not installed */
export function startBrowser(name: string): Promise<TestBrowser> {
  if (!isBrowserName(name)) throw new Error(`--browser: expected chromium, firefox or webkit, and not ${name}`);
  const reason = reasonToSkip(name);
  if (reason) throw new Error(reason);
  const start: Record<BrowserName, () => Promise<TestBrowser>> = {
    chromium: startChromium,
    firefox: startFirefox,
    webkit: startWebKit,
  };
  return start[name]();
}

function isBrowserName(name: string): name is BrowserName {
  return ['chromium', 'firefox', 'webkit'].includes(name);
}

/** Chromium with a process and storage of its own for each page, so that no scenario finds what another has compiled. */
async function startChromium(): Promise<TestBrowser> {
  const browser = await chromium.launch(chromiumLaunchOptions());
  return {
    async openTab() {
      const context = await browser.newContext();
      const page = await context.newPage();
      return {
        async open(url) {
          await page.goto(url);
        },
        evaluate: (expression) => page.evaluate<string>(expression),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}
