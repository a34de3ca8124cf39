import { type OperatorTable, operatorTable } from '../../operator-table.js';
import type { Converter } from '../operation.js';
import { binaries } from './binary.js';
import { calls } from './call.js';
import { convolutions } from './convolution.js';
import { gathers } from './gather.js';
import { matrices } from './matrix.js';
import { normalizations } from './normalization.js';
import { poolings } from './pooling.js';
import { reductions } from './reduction.js';
import { shapes } from './shape.js';
import { slices } from './slice.js';
import { tensors } from './tensor.js';
import { unaries } from './unary.js';

/** How the operators are converted that most models consist of. */
const common = operatorTable<Converter>(
  binaries,
  calls,
  convolutions,
  gathers,
  matrices,
  normalizations,
  poolings,
  reductions,
  shapes,
  slices,
  tensors,
  unaries,
);

/**
 * The converters for a model.
 *
 * @param ops the operators that it has. The further ones are loaded where it has one that is not common
 */
export async function operatorsFor(ops: Iterable<string>): Promise<OperatorTable<Converter>> {
  if ([...ops].every((op) => common.has(op))) return common;
  const { further } = await import('./further.js');
  return new Map([...common, ...further]);
}
