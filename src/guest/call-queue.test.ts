import { expect, test } from 'vitest';
import { createCallQueue } from './call-queue.js';

test('runs each action after the one before has ended, in order', async () => {
  const queue = createCallQueue();
  const steps: string[] = [];
  let openGate = () => {};
  const gate = new Promise<void>((resolve) => {
    openGate = resolve;
  });
  const first = queue(async () => {
    steps.push('first begins');
    await gate;
    steps.push('first ends');
  });
  const second = queue(async () => {
    steps.push('second');
  });
  await Promise.resolve();
  openGate();
  await Promise.all([first, second]);
  expect(steps).toEqual(['first begins', 'first ends', 'second']);
});

test('goes on after an action that fails, whose error its caller gets', async () => {
  const queue = createCallQueue();
  const failing = queue(() => Promise.reject(new Error('no')));
  let ran = false;
  const next = queue(async () => {
    ran = true;
  });
  await expect(failing).rejects.toThrow('no');
  await next;
  expect(ran).toBe(true);
});
