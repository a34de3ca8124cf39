import { fillings } from './filling.js';
import { gathers } from './gather.js';
import { indexings } from './indexing.js';
import { shapes } from './shape.js';
import { slices } from './slice.js';

/** Operators on the shapes and parts of tensors. */
export const general = { ...fillings, ...gathers, ...indexings, ...shapes, ...slices };
