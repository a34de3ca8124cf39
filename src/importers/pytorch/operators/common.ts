import { activationOperators } from './activations.js';
import { batchNormOperators } from './batch-norm.js';
import { convolutionOperators } from './convolution.js';
import { elementwiseOperators } from './elementwise.js';
import { matrixOperators } from './matrices.js';
import { poolingOperators } from './pooling.js';
import { shapeOperators } from './shapes.js';

/** The operators that networks for images are made of. */
export const common = {
  ...activationOperators,
  ...batchNormOperators,
  ...convolutionOperators,
  ...elementwiseOperators,
  ...matrixOperators,
  ...poolingOperators,
  ...shapeOperators,
};
