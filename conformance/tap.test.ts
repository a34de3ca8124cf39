import { expect, it } from 'vitest';
import { featureOf, readTap } from './tap.js';

it('reads what passed, failed and was skipped', () => {
  const text = `TAP version 13
1..3
ok 1 - echo/U8/rank-1
not ok 2 - echo/I32/rank-2
  ---
  message: "byte 3 is 0, not 7"
  ...
ok 3 - onnx/FP16 # SKIP the host lacks this feature
`;
  expect(readTap(text)).toEqual([
    { id: 'echo/U8/rank-1', status: 'passed' },
    { id: 'echo/I32/rank-2', status: 'failed', reason: '"byte 3 is 0, not 7"' },
    { id: 'onnx/FP16', status: 'skipped', reason: 'the host lacks this feature' },
  ]);
});

it('counts what was planned and not reported as failed', () => {
  expect(readTap('TAP version 13\n1..3\nok 1 - a/b\n').map(({ id, status }) => [id, status])).toEqual([
    ['a/b', 'passed'],
    ['unreported/2', 'failed'],
    ['unreported/3', 'failed'],
  ]);
  expect(readTap('TAP version 13\n1..0\n')).toEqual([]);
  expect(readTap('')).toMatchObject([{ id: 'unreported/plan', status: 'failed' }]);
});

it('names the feature of a case', () => {
  expect([featureOf('echo/U8'), featureOf('echo')]).toEqual(['echo', 'echo']);
});
