import { describe, expect, it } from 'vitest';
import { abortable } from './abortable.js';

describe('a promise that a signal may abort', () => {
  it('settles as it does without', async () => {
    const { signal } = new AbortController();
    expect(await abortable(signal, Promise.resolve(1))).toBe(1);
    await expect(abortable(signal, Promise.reject(new Error('a fault')))).rejects.toThrow('a fault');
  });

  it('rejects with the reason, before or while it is pending', async () => {
    const never = new Promise(() => undefined);
    const controller = new AbortController();
    const pending = expect(abortable(controller.signal, never)).rejects.toBe('enough');
    controller.abort('enough');
    await pending;
    await expect(abortable(controller.signal, never)).rejects.toBe('enough');
  });
});
