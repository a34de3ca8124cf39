import type { OperatorGroup } from '../../operator-groups.js';
import type { Operator } from '../operator.js';

/**
 * The operators of tensors, by the names that PyTorch gives them in its namespace `aten`. Those of other namespaces have
 * theirs in front. An operator that works in place, such as `relu_`, is found without its underscore.
 */
export const operatorGroups: readonly OperatorGroup<Operator>[] = [
  { names: /conv|^(relu|linear|add|size|view)$/, load: async () => (await import('./common.js')).common },
  { names: /^(mean|sum|max|min|any|all)$/, load: async () => (await import('./reductions.js')).reductionOperators },
  {
    names: /^(zeros|ones|full|arange|index|gather|embedding|where|masked_fill|repeat|unbind)$|_like$|pad/,
    load: async () => (await import('./general.js')).general,
  },
  {
    names: /(layer|group|instance|rms|weight)_norm|attention|transformer/,
    load: async () => (await import('./transformers.js')).transformers,
  },
  { names: /upsample|pixel_|^grid_|^torchvision/, load: async () => (await import('./images.js')).images },
  { names: /lstm|gru|rnn/, load: async () => (await import('./recurrent.js')).recurrentOperators },
];
