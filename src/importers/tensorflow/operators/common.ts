import { binaries } from './binary.js';
import { calls } from './call.js';
import { convolutions } from './convolution.js';
import { matrices } from './matrix.js';
import { normalizations } from './normalization.js';
import { poolings } from './pooling.js';
import { reductions } from './reduction.js';
import { tensors } from './tensor.js';
import { unaries } from './unary.js';

/** The operators that networks for images are made of. None of them computes a shape. */
export const common = {
  ...binaries,
  ...calls,
  ...convolutions,
  ...matrices,
  ...normalizations,
  ...poolings,
  ...reductions,
  ...tensors,
  ...unaries,
};
