import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Only what hangs is to fail by the clock, not what shares its machine with others.
    testTimeout: 60_000,
    include: ['{src,demo,e2e,bench,conformance}/**/*.test.ts'],
  },
});
