import { defineConfig } from '@playwright/test';
import { chromiumLaunchOptions } from '../e2e/chromium.js';

export default defineConfig({
  testDir: '.',
  testMatch: 'survey.ts',
  outputDir: '../e2e/.output/survey',
  globalSetup: '../e2e/global-setup.ts',
  use: { browserName: 'chromium', launchOptions: chromiumLaunchOptions() },
  workers: 1,
  timeout: 0,
  reporter: 'line',
});
