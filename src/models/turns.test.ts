import { describe, expect, it } from 'vitest';
import { takeTurns } from './turns.js';

describe('takeTurns', () => {
  it('carries out one action at a time for each name, in order, and goes on after one that fails', async () => {
    const steps: string[] = [];
    let release = () => {};
    const first = takeTurns('a', async () => {
      steps.push('first begins');
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      steps.push('first fails');
      throw new Error('on purpose');
    });
    const second = takeTurns('a', async () => {
      steps.push('second');
      return 2;
    });
    expect(await takeTurns('b', async () => 'other')).toBe('other');
    expect(steps).toEqual(['first begins']);
    release();
    await expect(first).rejects.toThrow('on purpose');
    expect(await second).toBe(2);
    expect(steps).toEqual(['first begins', 'first fails', 'second']);
  });
});
