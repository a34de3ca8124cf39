import { afterEach, describe, expect, it, vi } from 'vitest';
import { executionTargets } from '../standard/graph.js';
import { laneOf } from './lanes.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('laneOf', () => {
  for (const member of ['gpu', 'ml']) {
    it(`parts what is meant for the CPU from the rest, where there is navigator.${member}`, () => {
      vi.stubGlobal('navigator', { [member]: {} });
      expect(executionTargets.map(laneOf)).toEqual(['cpu', 'accelerated', 'accelerated']);
    });
  }

  it('keeps all together where nothing can be accelerated', () => {
    vi.stubGlobal('navigator', {});
    expect(executionTargets.map(laneOf)).toEqual(['cpu', 'cpu', 'cpu']);
  });
});
