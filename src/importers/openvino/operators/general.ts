import { indexing } from './indexing.js';
import { matrix } from './matrix.js';
import { normalization } from './normalization.js';
import { padding } from './padding.js';
import { quantization } from './quantization.js';
import { reduction } from './reduction.js';
import { resize } from './resize.js';
import { shape } from './shape.js';
import { slicing } from './slicing.js';

/** Operators on shapes, parts and sums of tensors. */
export const general = {
  ...indexing,
  ...matrix,
  ...normalization,
  ...padding,
  ...quantization,
  ...reduction,
  ...resize,
  ...shape,
  ...slicing,
};
