import { normalization } from './normalization.js';
import { quantization } from './quantization.js';

/** Operators that bring numbers to a certain range. */
export const scaling = { ...normalization, ...quantization };
