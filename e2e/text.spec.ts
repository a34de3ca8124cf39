import { countDarkPixels } from './dark-pixels.js';
import { expect, test } from './test.js';

// A browser without fonts draws no text, or crashes. The packaged Chromium has fonts of its own.

test('a page draws its text', async ({ blank }) => {
  await blank.setContent('<p style="font: 40px sans-serif; width: max-content">wasi-nn in a page</p>');
  const paragraph = blank.locator('p');
  expect((await paragraph.boundingBox())?.width).toBeGreaterThan(200);
  expect(await countDarkPixels(blank, await paragraph.screenshot())).toBeGreaterThan(500);
});

test('letters have their own widths, as in a proportional font', async ({ blank }) => {
  const [narrow = 0, wide = 0] = await blank.evaluate(() => {
    const pen = new OffscreenCanvas(1, 1).getContext('2d');
    if (!pen) throw new Error('the page has no 2D canvas');
    pen.font = '40px sans-serif';
    return ['iiii', 'mmmm'].map((text) => pen.measureText(text).width);
  });
  expect(narrow).toBeGreaterThan(20);
  expect(wide).toBeGreaterThan(2 * narrow);
});
