import { expect, it } from 'vitest';
import { checkSmoke } from './smoke.js';

it('fails where a ratio has doubled, and names the scenario', () => {
  expect(() => checkSmoke([{ id: 'a-cpu', ratio: 1.9 }])).not.toThrow();
  const results = [
    { id: 'a-cpu', ratio: 2.2 },
    { id: 'c-4B-blocking', ratio: 5 },
  ];
  expect(() => checkSmoke(results)).toThrow('a-cpu: 2.20, where 1.05 is usual');
});
