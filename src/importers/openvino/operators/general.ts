import { matrix } from './matrix.js';
import { reduction } from './reduction.js';
import { shape } from './shape.js';

/** Operators on shapes, matrices and sums of tensors. */
export const general = { ...matrix, ...reduction, ...shape };
