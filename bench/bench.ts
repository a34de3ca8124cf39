import { test } from '@playwright/test';
import { runBenchmarks } from './main.js';

test('benchmarks', async () => {
  await runBenchmarks({
    json: process.env.BENCH_JSON,
    only: process.env.BENCH_ONLY?.split(','),
    browser: process.env.BENCH_BROWSER ?? 'chromium',
    share: Number(process.env.BENCH_SHARE ?? 1),
    smoke: process.env.BENCH_SMOKE !== undefined,
    report: process.env.BENCH_REPORT !== undefined,
  });
});
