import { blockOperators } from './blocks.js';
import { images } from './image.js';
import { resizings } from './resize.js';
import { transposedConvolutions } from './transposed-convolution.js';

/** Operators that make images larger, cut them up, or find things in them. */
export const spatial = { ...blockOperators, ...images, ...resizings, ...transposedConvolutions };
