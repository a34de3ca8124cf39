import { fetchCode } from '../../fetch-code.js';
import { loadOperators, type OperatorGroup, type OperatorTable } from '../../operator-groups.js';
import type { Folder } from '../known.js';
import type { Converter } from '../operation.js';

/** How the operators of a model are converted. */
export interface Operators {
  readonly converters: OperatorTable<Converter>;
  /** The operators that shapes are computed with; none where the model has only operators that compute no shapes. */
  readonly folders: ReadonlyMap<string, Folder>;
}

const loadCommon = async () => (await import('./common.js')).common;

export const operatorGroups: readonly OperatorGroup<Converter>[] = [
  { names: /^(Const|Identity|Conv2D|MatMul)$/, load: loadCommon },
  {
    names: /Shape|Reshape|Concat|Slice|Gather|Pack|Split|Squeeze|ExpandDims|Transpose/,
    load: async () => (await import('./general.js')).general,
  },
  {
    names: /Resize|Space|Conv\dDBackprop|NonMaxSuppression|CropAndResize/,
    load: async () => (await import('./spatial.js')).spatial,
  },
  { names: /While|If$|TensorList|Einsum|^_Fused/, load: async () => (await import('./further.js')).further },
];

/** @param names the operators that the model has */
export async function operatorsFor(names: ReadonlySet<string>): Promise<Operators> {
  const converters = await loadOperators(operatorGroups, names);
  const common = await fetchCode(loadCommon);
  if ([...names].every((name) => Object.hasOwn(common, name))) return { converters, folders: new Map() };
  const { folders } = await fetchCode(() => import('../fold.js'));
  return { converters, folders };
}
