import { defineConfig } from '@playwright/test';

/** Lighthouse on every page of the built demo. `npm run demo:lighthouse` runs it, before the site is published. */
export default defineConfig({
  testDir: '.',
  testMatch: 'lighthouse.ts',
  outputDir: '../.output/lighthouse-run',
  globalSetup: '../global-setup.ts',
  workers: 1,
  timeout: 240_000,
  // What else the machine does can only lower the scores.
  retries: 2,
  reporter: 'list',
});
