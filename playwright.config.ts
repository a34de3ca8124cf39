import { defineConfig } from '@playwright/test';
import type { GuestOptions } from './e2e/browsers/test.js';
import { chromiumLaunchOptions } from './e2e/chromium.js';

const chromium = { browserName: 'chromium', launchOptions: chromiumLaunchOptions() } as const;
const firefox = { browserName: 'firefox' } as const;
const webkit = { browserName: 'webkit' } as const;

/** The tests that every browser runs, those of guests in each way to wait; the others need Chromium. */
const eachWaiting = ['component-names', 'confinement', 'guest-messages', 'guests', 'injected-code', 'unchecked'].map(
  (name) => `**/${name}-everywhere.spec.ts`,
);
const loaderEverywhere = '**/loader-everywhere.spec.ts';
const everywhere = [...eachWaiting, loaderEverywhere];

export default defineConfig<object, GuestOptions>({
  testDir: 'e2e',
  outputDir: 'e2e/.output/browser',
  globalSetup: './e2e/global-setup.ts',
  // Each test runs inference on all cores: side by side they would only slow one another down.
  workers: 1,
  timeout: 60_000,
  forbidOnly: process.env.CI !== undefined,
  reporter: 'list',
  projects: [
    { name: 'chromium', testMatch: '**/*.spec.ts', testIgnore: everywhere, use: chromium },
    { name: 'chromium-suspend', testMatch: eachWaiting, use: { ...chromium, waiting: 'suspend' } },
    { name: 'chromium-block', testMatch: everywhere, use: { ...chromium, waiting: 'block' } },
    { name: 'firefox-suspend', testMatch: eachWaiting, use: { ...firefox, waiting: 'suspend' } },
    { name: 'firefox-block', testMatch: everywhere, use: { ...firefox, waiting: 'block' } },
    // WebKitGTK cannot suspend WebAssembly (JSPI).
    { name: 'webkit-block', testMatch: everywhere, use: { ...webkit, waiting: 'block' } },
  ],
});
