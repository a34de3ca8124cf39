import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['{src,demo,e2e,bench,conformance}/**/*.test.ts'] },
});
