import { expect, it } from 'vitest';
import { refuseUnknown } from './refuse-unknown.js';

const known = ['models', 'allowedUrls', 'cacheBudget', 'fallback'];

it('accepts names that are known', () => {
  expect(() => refuseUnknown('createWasiNN', { models: {}, fallback: undefined }, known)).not.toThrow();
});

it.each([
  ['model', 'models'],
  ['allowedURLs', 'allowedUrls'],
  ['chacheBudget', 'cacheBudget'],
  ['callback', 'fallback'],
])('refuses %s and names %s', (name, nearest) => {
  expect(() => refuseUnknown('createWasiNN', { [name]: 1 }, known)).toThrow(
    expect.objectContaining({
      code: 'invalid-argument',
      message: `createWasiNN: there is no option "${name}": did you mean "${nearest}"? The options are models, allowedUrls, cacheBudget, fallback`,
    }),
  );
});

it('refuses a name that is no name of anything, and one of great length', () => {
  expect(() => refuseUnknown('createWasiNN', { ['x'.repeat(10_000)]: 1 }, known)).toThrow(/there is no option "x+…"/);
});
