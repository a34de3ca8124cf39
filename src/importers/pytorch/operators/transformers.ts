import { attentionOperators } from './attention.js';
import { normalizationOperators } from './normalization.js';

/** The operators of transformers, and the normalisations of which they have one. */
export const transformers = { ...attentionOperators, ...normalizationOperators };
