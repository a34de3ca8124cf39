import { runIn } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';

// What the tests in Chromium show of the demo does not depend on the browser. This one shows that it starts in the others.

test('the demo opens with an answer, and answers when another sample is clicked', async ({
  tab,
  site,
  browserName,
  waiting,
}) => {
  test.skip(browserName === 'chromium' || waiting === 'suspend', 'one way of waiting in each other browser is enough');
  await tab.open(`${site.origin}/`);
  const answer = () => runIn(tab, async (id: string) => document.getElementById(id)?.textContent, 'answer');
  await expect.poll(answer, { timeout: 60_000 }).toBe('3');
  await runIn(
    tab,
    async (sample: string) => document.querySelector<HTMLElement>(sample)?.click(),
    '#samples :nth-child(8)',
  );
  await expect.poll(answer, { timeout: 60_000 }).toBe('7');
});
