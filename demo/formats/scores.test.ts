import { expect, it } from 'vitest';
import { bestScores } from './scores.js';

const labels = ['cat', 'dog'];

it.each([
  ['as many classes as labels', [0.1, 0.9], ['dog', 'cat']],
  ['one class more, for the background', [0.5, 0.1, 0.4], ['background', 'dog', 'cat']],
  ['classes that it does not know', [1, 2, 3, 4], ['class 3', 'class 2', 'class 1']],
])('names %s', (_what, scores, expected) => {
  expect(bestScores(scores, labels).map(({ label }) => label)).toEqual(expected);
});
