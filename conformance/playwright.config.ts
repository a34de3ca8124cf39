import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: '../e2e/.output/conformance',
  globalSetup: '../e2e/global-setup.ts',
  workers: 1,
  reporter: 'list',
  projects: [
    { name: 'suite', testMatch: 'conformance.ts', timeout: 0 },
    { name: 'mutants', testMatch: 'mutation.ts', timeout: 120_000 },
  ],
});
