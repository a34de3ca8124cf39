import * as ort from 'onnxruntime-web/wasm';
import { describe, expect, it } from 'vitest';
import { isInScript } from './runtime-script.js';

const engine = 'http://127.0.0.1/assets/engine-worker.js';

describe('isInScript', () => {
  it.each([
    ['Chromium, the same script', `RangeError: no\n    at xt (${engine}:1:2)\n    at start (${engine}:3:4)`, true],
    ['Firefox, the same script', `xt@${engine}:1:2\nstart@${engine}:3:4\n`, true],
    [
      'Chromium, another script',
      `RangeError: no\n    at xt (http://127.0.0.1/ort.js:1:2)\n    at start (${engine}:3:4)`,
      false,
    ],
    ['WebKit, another script', `xt@http://127.0.0.1/ort.js:1:2\nstart@${engine}:3:4`, false],
    ['no stack', '', false],
  ])('reads the script of onnxruntime off a stack: %s', (_, stack, expected) => {
    class Tensor {
      constructor() {
        throw Object.assign(new RangeError('no'), { stack });
      }
    }
    expect(isInScript(Object.assign(Object.create(ort), { Tensor }), engine)).toBe(expected);
  });

  it('finds the script of the real onnxruntime', () => {
    const [script = ''] =
      /\w+:\/\/[^\s()]+?(?=:\d+:\d+)/.exec(errorOf(() => new ort.Tensor('float32', [], [-1]))) ?? [];
    expect(script).toMatch(/onnxruntime/);
    expect(isInScript(ort, script)).toBe(true);
    expect(isInScript(ort, engine)).toBe(false);
  });

  it('is false where there is no script', () => {
    expect(isInScript(ort, undefined)).toBe(false);
  });
});

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error.stack ?? '';
  }
  return '';
}
