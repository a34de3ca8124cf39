import { defineConfig } from '@playwright/test';
import { chromiumLaunchOptions, quickToCompile } from '../chromium.js';

/** Pictures for people to look at. They are no tests: `npm run demo:screenshots` takes them. */
export default defineConfig({
  testDir: '.',
  testMatch: 'screenshots.ts',
  outputDir: '../.output/screenshots-run',
  globalSetup: '../global-setup.ts',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
  // Bars are as long as they will be at once.
  use: {
    contextOptions: { reducedMotion: 'reduce' },
    browserName: 'chromium',
    launchOptions: chromiumLaunchOptions(...quickToCompile),
  },
});
