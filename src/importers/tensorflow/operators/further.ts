import { operatorTable } from '../../operator-table.js';
import type { Converter } from '../operation.js';
import { blockOperators } from './blocks.js';
import { controlFlow } from './control-flow.js';
import { einsums } from './einsum.js';
import { fusions } from './fused.js';
import { images } from './image.js';
import { indexings } from './indexing.js';
import { resizings } from './resize.js';
import { tensorLists } from './tensor-list.js';
import { transposedConvolutions } from './transposed-convolution.js';

/** How the operators are converted that fewer models have. They are loaded for these only. */
export const further = operatorTable<Converter>(
  blockOperators,
  controlFlow,
  einsums,
  fusions,
  images,
  indexings,
  resizings,
  tensorLists,
  transposedConvolutions,
);
