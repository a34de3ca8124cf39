import { describe, expect, it } from 'vitest';
import { fallbackWords, placeWords } from './placement-words.js';

const device = { target: 'cpu', provider: 'wasm', description: 'WebAssembly SIMD, 2 threads' } as const;

describe('placeWords', () => {
  it('names the hardware, and says where it is another than was asked for', () => {
    expect(placeWords('cpu', { device, fallback: [] })).toBe('Ran on the processor: WebAssembly SIMD, 2 threads');
    expect(placeWords('gpu', { device, fallback: [] })).toMatch(/^Fell back, and ran on the processor/);
  });
});

describe('fallbackWords', () => {
  it('explains a reason that it knows, and quotes it', () => {
    const fallback = [{ provider: 'webnn', target: 'tpu', reason: 'this browser has no WebNN' }] as const;
    expect(fallbackWords({ device, fallback })).toEqual([
      'WebNN for the neural processor: this browser does not offer neural processors to pages yet (“this browser has no WebNN”).',
    ]);
  });

  it('passes on a reason that it does not know', () => {
    const fallback = [{ provider: 'webgpu', target: 'gpu', reason: 'Add is missing' }] as const;
    expect(fallbackWords({ device, fallback })).toEqual(['WebGPU for the graphics processor: Add is missing.']);
  });
});
