import { expect, test } from 'vitest';
import { createRateLimit } from './rate-limit.js';

function createClock() {
  const clock = { time: 0, now: () => clock.time };
  return clock;
}

test('allows a burst, and then the given number of events a second', () => {
  const clock = createClock();
  const limit = createRateLimit(100, 3, clock.now);
  for (let count = 0; count < 3; count++) {
    expect(limit.delay()).toBe(0);
    limit.take();
  }
  expect(limit.delay()).toBe(10);
  clock.time = 6;
  expect(limit.delay()).toBeCloseTo(4);
  clock.time = 10;
  expect(limit.delay()).toBe(0);
  limit.take();
  expect(limit.delay()).toBe(10);
});

test('saves up no more than a burst', () => {
  const clock = createClock();
  const limit = createRateLimit(100, 3, clock.now);
  clock.time = 60_000;
  for (let count = 0; count < 3; count++) limit.take();
  expect(limit.delay()).toBe(10);
});

test('an event that happens in any case delays those after it', () => {
  const clock = createClock();
  const limit = createRateLimit(100, 1, clock.now);
  limit.take();
  limit.take();
  expect(limit.delay()).toBe(20);
});
