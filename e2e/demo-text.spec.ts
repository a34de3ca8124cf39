import type { Page } from '@playwright/test';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { tinyModel } from './language-model-guest.js';
import { expect, test } from './test.js';

test("a guest writes with the site's own model and one by its URL, is stopped, and explains what goes wrong", async ({
  page,
  site,
}) => {
  await page.goto(`${site.origin}/text/`);
  const text = page.getByTestId('text');
  await page.getByTestId('tokens').fill('40');
  await page.getByTestId('write').click();
  await expect(page.getByTestId('state')).toHaveText(/Done: 40 tokens, \d+ in a second/, { timeout: 45_000 });
  await expect(text).toContainText(/Alice was(\s+\S+){8}/);

  await page.getByTestId('tokens').fill('900');
  await stopAtFirstWords(page);
  await page.getByTestId('write').click();
  await expect(page.getByTestId('state')).toHaveText('Stopped');
  await expect(page.getByTestId('write')).toBeEnabled();

  await page.getByLabel('a GGUF file by its URL').check();
  await page.getByTestId('model-url').fill(`${site.origin}/nothing.gguf`);
  await page.getByTestId('write').click();
  await expect(page.getByTestId('failure')).toContainText('404', { timeout: 45_000 });

  test.skip(!fixtures, withoutFixtures);
  await page.getByTestId('prompt').fill('ROMEO:');
  await page.getByTestId('tokens').fill('40');
  await page.getByLabel('Temperature').fill('0');
  await page.getByTestId('model-url').fill(`${site.origin}${tinyModel}`);
  await page.getByTestId('write').click();
  await expect(page.getByTestId('state')).toHaveText(/Done: 40 tokens/, { timeout: 45_000 });
  await expect(text).toContainText('I am not, I am not');
});

/** Has the page click "Stop" as soon as it shows the first words of a text: a whole text takes a second or two. */
function stopAtFirstWords(page: Page): Promise<void> {
  return page.evaluate(() => {
    const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
    const [text, stop] = [find('text'), find('stop')];
    if (!text || !stop) throw new Error('the page has no text, or no button to stop it');
    const observer = new MutationObserver(() => {
      if (!/^Alice was(\s+\S+){2}/.test(text.textContent)) return;
      observer.disconnect();
      stop.click();
    });
    observer.observe(text, { childList: true });
  });
}
