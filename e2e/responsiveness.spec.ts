import { fixtures, withoutFixtures } from './fixture-data.js';
import { classifyPhoto } from './photo.js';
import { expect, test } from './test.js';

const goldenRetriever = 207;

test('the page stays responsive while SqueezeNet loads and computes 20 times', async ({ blank }) => {
  test.skip(!fixtures, withoutFixtures);
  const { classes, longTasks } = await classifyPhoto(
    blank,
    '/fixtures/images/dog.jpg',
    '/fixtures/models/squeezenet.onnx',
    20,
  );
  expect(classes[0]).toBe(goldenRetriever);
  expect(longTasks).toEqual([]);
});

test('a long task on the page would be seen', async ({ blank }) => {
  const longTasks = await blank.evaluate(async () => {
    const { promise, resolve } = Promise.withResolvers<number[]>();
    new PerformanceObserver((list) => resolve(list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
    setTimeout(() => {
      const end = performance.now() + 80;
      while (performance.now() < end);
    });
    return promise;
  });
  expect(longTasks[0]).toBeGreaterThanOrEqual(80);
});
