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

/** The format of a model: `openvino`, `onnx`, `tensorflow`, `pytorch`, `tensorflowlite`, `ggml`, or `autodetect`. */
export type GraphEncoding = (typeof graphEncodings)[number];

/** The kinds of hardware a graph can be wished on (`enum execution-target`). */
export const executionTargets = ['cpu', 'gpu', 'tpu'] as const;

/** The kind of hardware that a graph is meant for: `cpu`, `gpu` or `tpu`. */
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

export const verifications = ['first', 'load'] as const;

/**
 * When a device's outputs are compared with those of WebAssembly on the same inputs. `first`: when the graph first computes,
 * and when inputs of new shapes first come; for models of up to 64 MiB, and as long as WebAssembly has worked for less than
 * 2 s. `load`: also when the graph is loaded, on inputs that are made up, without these limits. `true` is `load`; `false`:
 * never.
 */
export type Verify = (typeof verifications)[number] | boolean;

export function isVerify(value: unknown): value is Verify {
  return typeof value === 'boolean' || verifications.some((verification) => verification === value);
}

/** Which GPU is preferred where there are several: the fast one, or the one that takes less power. */
export type PowerPreference = 'high-performance' | 'low-power';
