import { operatorTable } from '../../operator-table.js';
import type { Converter } from '../operation.js';
import { binaries } from './binary.js';
import { blockOperators } from './blocks.js';
import { controlFlow } from './control-flow.js';
import { convolutions } from './convolution.js';
import { gathers } from './gather.js';
import { images } from './image.js';
import { matrices } from './matrix.js';
import { normalizations } from './normalization.js';
import { poolings } from './pooling.js';
import { reductions } from './reduction.js';
import { resizings } from './resize.js';
import { shapes } from './shape.js';
import { slices } from './slice.js';
import { tensors } from './tensor.js';
import { tensorLists } from './tensor-list.js';
import { unaries } from './unary.js';

/** How each of TensorFlow's operators is converted. */
export const operators = operatorTable<Converter>(
  binaries,
  blockOperators,
  controlFlow,
  convolutions,
  gathers,
  images,
  matrices,
  normalizations,
  poolings,
  reductions,
  resizings,
  shapes,
  slices,
  tensorLists,
  tensors,
  unaries,
);
