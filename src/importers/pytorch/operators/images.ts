import { resizeOperators } from './resize.js';
import { visionOperators } from './vision.js';

/** Operators that resize, shuffle and sample images. */
export const images = { ...resizeOperators, ...visionOperators };
