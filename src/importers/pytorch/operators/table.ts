import { type OperatorTable, operatorTable } from '../../operator-table.js';
import type { Operator } from '../operator.js';
import { activationOperators } from './activations.js';
import { attentionOperators } from './attention.js';
import { convolutionOperators } from './convolution.js';
import { creationOperators } from './creation.js';
import { elementwiseOperators } from './elementwise.js';
import { indexingOperators } from './indexing.js';
import { matrixOperators } from './matrices.js';
import { normalizationOperators } from './normalization.js';
import { paddingOperators } from './padding.js';
import { poolingOperators } from './pooling.js';
import { recurrentOperators } from './recurrent.js';
import { reductionOperators } from './reductions.js';
import { resizeOperators } from './resize.js';
import { shapeOperators } from './shapes.js';
import { visionOperators } from './vision.js';

/**
 * The operators of tensors, by the names that PyTorch gives them in its namespace `aten`. Those of other namespaces have
 * theirs in front. An operator that works in place, such as `relu_`, is found without its underscore.
 */
export const operators: OperatorTable<Operator> = operatorTable(
  activationOperators,
  attentionOperators,
  convolutionOperators,
  creationOperators,
  elementwiseOperators,
  indexingOperators,
  matrixOperators,
  normalizationOperators,
  paddingOperators,
  poolingOperators,
  recurrentOperators,
  reductionOperators,
  resizeOperators,
  shapeOperators,
  visionOperators,
);
