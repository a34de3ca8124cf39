import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  testMatch: 'bench.ts',
  outputDir: '../e2e/.output/bench',
  globalSetup: '../e2e/global-setup.ts',
  workers: 1,
  timeout: 0,
  reporter: 'line',
});
