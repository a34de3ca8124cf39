import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { countDown } from './countdown.js';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('calls once, when the time is over', () => {
  const onOver = vi.fn();
  countDown(800, onOver);
  vi.advanceTimersByTime(799);
  expect(onOver).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(onOver).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(8000);
  expect(onOver).toHaveBeenCalledOnce();
});

test('does not call once it is stopped', () => {
  const onOver = vi.fn();
  const stop = countDown(800, onOver);
  vi.advanceTimersByTime(500);
  stop();
  vi.advanceTimersByTime(8000);
  expect(onOver).not.toHaveBeenCalled();
});

test('receives a message that arrived while the thread stood still for longer than the time', async () => {
  vi.useRealTimers();
  const { port1, port2 } = new MessageChannel();
  const order: string[] = [];
  port1.onmessage = () => order.push('message');
  const over = new Promise<void>((resolve) => {
    countDown(40, () => {
      order.push('over');
      resolve();
    });
  });
  port2.postMessage('an answer');
  for (const end = performance.now() + 80; performance.now() < end; );
  await over;
  port1.close();
  expect(order).toEqual(['message', 'over']);
});
