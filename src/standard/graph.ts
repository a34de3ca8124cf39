/** The formats of models (`enum graph-encoding`). */
export const graphEncodings = [
  'openvino',
  'onnx',
  'tensorflow',
  'pytorch',
  'tensorflowlite',
  'ggml',
  'autodetect',
] as const;

export type GraphEncoding = (typeof graphEncodings)[number];

/** The kinds of hardware a graph can be wished on (`enum execution-target`). */
export const executionTargets = ['cpu', 'gpu', 'tpu'] as const;

export type ExecutionTarget = (typeof executionTargets)[number];

/** One part of a model, as a guest or the registry gives it. */
export type GraphBuilder = Uint8Array<ArrayBuffer>;

export function isGraphEncoding(value: unknown): value is GraphEncoding {
  return graphEncodings.some((encoding) => encoding === value);
}

export function isExecutionTarget(value: unknown): value is ExecutionTarget {
  return executionTargets.some((target) => target === value);
}

export const outputPlaces = ['bytes', 'device'] as const;

/** Where outputs are put: into bytes for whoever computes, or nowhere else than they are, on the device, until asked for. */
export type OutputPlace = (typeof outputPlaces)[number];
