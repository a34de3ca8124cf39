import { expect, test } from '@playwright/test';
import { runConformance } from './run.js';

test('conformance', async () => {
  expect(await runConformance(process.env.CONFORMANCE_ONLY)).toEqual([]);
});
