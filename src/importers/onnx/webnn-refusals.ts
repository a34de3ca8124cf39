import { float } from './model.js';

/**
 * For `GRU` with `linear_before_reset`, which onnxruntime's WebNN computes wrongly and without a message. It refuses the
 * operator where `clip` is set, so that the CPU has it then. Nothing that a model computes reaches this limit.
 */
export const clipOutOfReach = float(1e30);
