import { describe, expect, it } from 'vitest';
import { defaultLimits, toLimits } from './limits.js';

describe('toLimits', () => {
  it('fills in what is left open', () => {
    expect(toLimits({})).toEqual(defaultLimits);
    expect(toLimits({ graphs: 5 })).toEqual({ ...defaultLimits, graphs: 5 });
  });

  it.each([0, -1, Number.NaN, '5'])('refuses %j', (graphs) => {
    expect(() => toLimits({ graphs: graphs as number })).toThrow(`limits: graphs is ${graphs}, not a positive number`);
  });
});
