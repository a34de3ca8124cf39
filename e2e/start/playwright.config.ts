import { defineConfig } from '@playwright/test';
import { chromiumLaunchOptions, quickToCompile } from '../chromium.js';

/** `npm start` builds the demo, so its test does not run beside tests that use the demo. */
export default defineConfig({
  testDir: '.',
  outputDir: '../.output/start',
  globalSetup: '../global-setup.ts',
  workers: 1,
  forbidOnly: process.env.CI !== undefined,
  expect: { timeout: 20_000 },
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ? [['list'], ['json']] : 'list',
  use: { browserName: 'chromium', launchOptions: chromiumLaunchOptions(...quickToCompile) },
});
