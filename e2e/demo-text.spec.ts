import { fixtures, withoutFixtures } from './fixture-data.js';
import { tinyModel } from './language-model-guest.js';
import { expect, test } from './test.js';

test('a guest writes a text from a model by its URL, is stopped, and explains what goes wrong', async ({
  page,
  site,
}) => {
  test.skip(!fixtures, withoutFixtures);
  await page.goto(`${site.origin}/text/`);
  const text = page.getByTestId('text');
  await page.getByLabel('a GGUF file by its URL').check();
  await page.getByTestId('prompt').fill('ROMEO:');

  await page.getByTestId('model-url').fill(`${site.origin}/nothing.gguf`);
  await page.getByTestId('write').click();
  await expect(page.getByTestId('failure')).toContainText('404', { timeout: 45_000 });

  test.skip(!fixtures, withoutFixtures);
  await page.getByTestId('model-url').fill(`${site.origin}${tinyModel}`);
  await page.getByLabel('Temperature').fill('0');
  await page.getByTestId('write').click();
  await expect(page.getByTestId('state')).toHaveText(/Done: 40 tokens, \d+ in a second/, { timeout: 45_000 });
  await expect(text).toContainText('I am not, I am not');

  await page.getByTestId('tokens').fill('600');
  await page.getByLabel('Temperature').fill('1');
  await page.getByTestId('write').click();
  await expect(text).toContainText(/ROMEO:\s*\S+\s/);
  await page.getByTestId('stop').click();
  await expect(page.getByTestId('state')).toHaveText('Stopped');
  await expect(page.getByTestId('write')).toBeEnabled();
});
