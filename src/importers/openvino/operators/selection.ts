import { indexing } from './indexing.js';
import { padding } from './padding.js';
import { slicing } from './slicing.js';

/** Operators on parts of tensors. */
export const selection = { ...indexing, ...padding, ...slicing };
