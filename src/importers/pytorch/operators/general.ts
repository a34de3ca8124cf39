import { comparisonOperators } from './comparisons.js';
import { creationOperators } from './creation.js';
import { indexingOperators } from './indexing.js';
import { paddingOperators } from './padding.js';
import { rareActivationOperators } from './rare-activations.js';
import { rearrangementOperators } from './rearrangements.js';

/** Operators that make, compare, choose and rearrange tensors. */
export const general = {
  ...comparisonOperators,
  ...creationOperators,
  ...indexingOperators,
  ...paddingOperators,
  ...rareActivationOperators,
  ...rearrangementOperators,
};
