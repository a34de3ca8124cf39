import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: 'conformance.ts',
  outputDir: '../e2e/.output/conformance',
  globalSetup: '../e2e/global-setup.ts',
  workers: 1,
  timeout: 0,
  reporter: 'line',
});
