import { defineConfig, type ReporterDescription } from '@playwright/test';
import type { GuestOptions } from './e2e/browsers/test.js';
import { chromiumLaunchOptions, quickToCompile } from './e2e/chromium.js';

const chromium = { browserName: 'chromium', launchOptions: chromiumLaunchOptions(...quickToCompile) } as const;
const firefox = { browserName: 'firefox' } as const;
const webkit = { browserName: 'webkit' } as const;

/** These specs run in every browser, in each of its ways to wait. The others run in Chromium only. */
const everywhere = '**/*-everywhere.spec.ts';
/** These of them run no guest, so one way to wait is enough. */
const withoutGuests = ['**/loader-everywhere.spec.ts', '**/storage-everywhere.spec.ts'];

/**
 * What these specs, and the tests with this tag, show does not depend on how a guest waits. In Chromium they run in one way,
 * and in the other way as long tests.
 */
const eitherWay = /(component-names|confinement|guest-messages|injected-code|unchecked)-everywhere|@either-way/;

const suspend = { testMatch: everywhere, testIgnore: withoutGuests };
const block = { testMatch: everywhere };

// A log of CI is read for what failed.
const reporters: ReporterDescription[] = [[process.env.CI ? 'dot' : 'list'], ['./conformance/reporter.ts']];
if (process.env.PLAYWRIGHT_JSON_OUTPUT_FILE) reporters.push(['json']);

export default defineConfig<object, GuestOptions>({
  testDir: 'e2e',
  outputDir: 'e2e/.output/browser',
  globalSetup: './e2e/global-setup.ts',
  // Tests mostly wait: for workers to start, for the browser, for time limits. So there are more workers than cores.
  workers: 4,
  fullyParallel: true,
  // Only what hangs fails by the clock, not what shares its cores with other tests.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: process.env.CI !== undefined,
  reporter: reporters,
  projects: [
    { name: 'chromium', testMatch: '**/*.spec.ts', testIgnore: [everywhere, 'start/**'], use: chromium },
    { name: 'chromium-suspend', ...suspend, use: { ...chromium, waiting: 'suspend' } },
    { name: 'chromium-block', ...block, grepInvert: eitherWay, use: { ...chromium, waiting: 'block' } },
    { name: 'chromium-block-long', ...block, grep: eitherWay, use: { ...chromium, waiting: 'block' } },
    { name: 'firefox-suspend', ...suspend, use: { ...firefox, waiting: 'suspend' } },
    { name: 'firefox-block', ...block, use: { ...firefox, waiting: 'block' } },
    // WebKitGTK cannot suspend WebAssembly (JSPI).
    // Several WebKitGTK at a time have been seen to stand still for minutes on two cores.
    { name: 'webkit-block', ...block, workers: 1, use: { ...webkit, waiting: 'block' } },
  ],
});
