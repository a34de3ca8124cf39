import { readFile } from 'node:fs/promises';
import type { Results } from '../conformance/results.js';
import { expect, test } from './test.js';

test('the conformance page performs cases in every row, filters them, and gives the result away', async ({
  page,
  site,
}) => {
  await page.goto(`${site.origin}/`);
  await page.getByTestId('nav-conformance').click();
  await page.goto(`${page.url()}?cases=handles/`);
  await page.getByTestId('run').click();
  await expect(page.getByTestId('state')).toHaveText('This browser passes 14 of 14 cases.', { timeout: 100_000 });

  await expect(page.getByTestId('features')).toHaveText('handles14 passed');
  await page.getByText('Every case in every row').click();
  const names = page.getByTestId('cases').locator('tr:visible th');
  await expect(names).toContainText(['handles/no-graph', 'handles/contexts-differ']);
  await page.getByTestId('filter').fill('differ');
  await expect(names).toHaveText(['handles/graphs-differ', 'handles/contexts-differ']);

  const downloading = page.waitForEvent('download');
  await page.getByTestId('download').click();
  const { rows, cases }: Results = JSON.parse(await readFile(await (await downloading).path(), 'utf8'));
  expect(rows).toHaveLength(32);
  expect(rows).toContainEqual(
    expect.objectContaining({ abi: 'witx', target: 'cpu', waiting: 'block', passed: 7, failed: 0, skipped: 0 }),
  );
  expect(cases).toContainEqual(expect.objectContaining({ id: 'handles/no-graph', feature: 'handles' }));
});
