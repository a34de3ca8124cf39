import { describe, expect, it } from 'vitest';
import { executionTargets, graphEncodings, isExecutionTarget, isGraphEncoding } from './graph.js';

describe('isGraphEncoding', () => {
  it("takes the standard's encodings, in the standard's order", () => {
    expect(graphEncodings).toEqual([
      'openvino',
      'onnx',
      'tensorflow',
      'pytorch',
      'tensorflowlite',
      'ggml',
      'autodetect',
    ]);
    expect(graphEncodings.every(isGraphEncoding)).toBe(true);
  });

  it.each(['ONNX', 'tflite', '', 1, null, undefined])('does not take %j', (value) => {
    expect(isGraphEncoding(value)).toBe(false);
  });
});

describe('isExecutionTarget', () => {
  it("takes the standard's targets, in the standard's order", () => {
    expect(executionTargets).toEqual(['cpu', 'gpu', 'tpu']);
    expect(executionTargets.every(isExecutionTarget)).toBe(true);
  });

  it.each(['CPU', 'npu', '', 0, null, undefined])('does not take %j', (value) => {
    expect(isExecutionTarget(value)).toBe(false);
  });
});
