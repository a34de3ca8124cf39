import { defineConfig } from '@playwright/test';

/** The mutants; the suite itself is `e2e/conformance-everywhere.spec.ts`. */
export default defineConfig({
  testDir: '.',
  testMatch: 'mutation.ts',
  outputDir: '../e2e/.output/conformance',
  globalSetup: '../e2e/global-setup.ts',
  workers: 1,
  timeout: 120_000,
  reporter: 'list',
});
