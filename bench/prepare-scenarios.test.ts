import { expect, it, vi } from 'vitest';
import { prepareScenarios } from './prepare-scenarios.js';

it('leaves out the scenarios that cannot be prepared, and says why', async () => {
  const succeed = vi.fn(() => Promise.resolve(undefined));
  const fail = vi.fn(() => Promise.resolve('there is no network'));
  const wanted = [{ id: 'a' }, { id: 'b', prepare: succeed }, { id: 'c', prepare: fail }, { id: 'd', prepare: fail }];
  const log = vi.fn();
  expect((await prepareScenarios(wanted, log)).map(({ id }) => id)).toEqual(['a', 'b']);
  expect(log.mock.calls).toEqual([['left out c: there is no network'], ['left out d: there is no network']]);
});

it('prepares once what several scenarios need', async () => {
  const prepare = vi.fn(() => Promise.resolve(undefined));
  await prepareScenarios(
    [
      { id: 'a', prepare },
      { id: 'b', prepare },
    ],
    () => undefined,
  );
  expect(prepare).toHaveBeenCalledTimes(1);
});
