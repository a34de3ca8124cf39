import { afterEach, describe, expect, it, vi } from 'vitest';
import { executionTargets } from '../standard/graph.js';
import { engineKindOf } from './engine-kind.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('engineKindOf', () => {
  it.each(['gpu', 'ml'])('separates the CPU from accelerators where there is navigator.%s', (member) => {
    vi.stubGlobal('navigator', { [member]: {} });
    expect(executionTargets.map(engineKindOf)).toEqual(['cpu', 'accelerator', 'accelerator']);
  });

  it('knows one engine where nothing can be accelerated', () => {
    vi.stubGlobal('navigator', {});
    expect(executionTargets.map(engineKindOf)).toEqual(['cpu', 'cpu', 'cpu']);
  });
});
