import { fixtures, withoutFixtures } from './fixture-data.js';
import { colourModel } from './generated-models.js';
import { traceLongestTask } from './main-thread.js';
import { classifyPhoto } from './photo.js';
import { expect, test } from './test.js';

test.use({ ownProcess: true });

const goldenRetriever = 207;

/** A GIF image of one pixel. */
const bluePhoto = Buffer.from('R0lGODdhAQABAIAAAAAA/wAAACwAAAAAAQABAAACAkQBADs=', 'base64');

test('the page stays responsive while SqueezeNet loads and computes 20 times', { tag: '@alone' }, async ({
  browser,
  blank,
}) => {
  test.skip(!fixtures, withoutFixtures);
  let classes: readonly number[] = [];
  const { cpu, wall } = await traceLongestTask(browser, blank, async () => {
    classes = await classifyPhoto(blank, '/fixtures/images/dog.jpg', '/fixtures/models/squeezenet.onnx', 20);
  });
  console.log(`longest task of the main thread: ${cpu.toFixed(1)} ms of its processor, ${wall.toFixed(1)} ms in all`);
  expect(classes[0]).toBe(goldenRetriever);
  expect(cpu).toBeLessThan(50);
});

test('the page stays responsive while a generated model loads and computes 20 times', { tag: '@alone' }, async ({
  browser,
  blank,
  site,
}) => {
  site.answer('/colours.onnx', (_, response) => response.end(colourModel));
  site.answer('/blue.gif', (_, response) => response.end(bluePhoto));
  let classes: readonly number[] = [];
  const { cpu } = await traceLongestTask(browser, blank, async () => {
    classes = await classifyPhoto(blank, '/blue.gif', '/colours.onnx', 20);
  });
  expect(classes).toEqual([2, 1, 0]);
  expect(cpu).toBeLessThan(50);
});

test('a long task on the page would be seen', { tag: '@alone' }, async ({ browser, blank }) => {
  const { cpu } = await traceLongestTask(browser, blank, () =>
    blank.evaluate(() => {
      let sum = 0;
      for (const end = performance.now() + 200; performance.now() < end; ) sum += Math.sqrt(sum + 1);
    }),
  );
  expect(cpu).toBeGreaterThan(50);
});
