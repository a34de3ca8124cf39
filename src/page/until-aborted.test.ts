import { expect, test, vi } from 'vitest';
import { untilAborted } from './until-aborted.js';

test('settles as the action does', async () => {
  const { signal } = new AbortController();
  expect(await untilAborted(signal, async () => 5)).toBe(5);
  await expect(untilAborted(signal, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('rejects with the reason of the signal while the action goes on', async () => {
  const controller = new AbortController();
  const pending = untilAborted(controller.signal, () => new Promise(() => undefined));
  controller.abort('enough');
  await expect(pending).rejects.toBe('enough');
});

test('does nothing where the signal is aborted already', async () => {
  const action = vi.fn(async () => 5);
  await expect(untilAborted(AbortSignal.abort('enough'), action)).rejects.toBe('enough');
  expect(action).not.toHaveBeenCalled();
});

test('leaves no listener behind', async () => {
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, 'addEventListener');
  const remove = vi.spyOn(signal, 'removeEventListener');
  await untilAborted(signal, async () => 5);
  await vi.waitFor(() => expect(remove).toHaveBeenCalledTimes(add.mock.calls.length));
});
