import { fetchCode } from './fetch-code.js';

/** The operators that an importer knows, by the names that the format gives them. */
export type OperatorTable<Converter> = ReadonlyMap<string, Converter>;

/** Operators that are fetched together, when a model has one of them. */
export interface OperatorGroup<Converter> {
  /**
   * What the names of the group's operators look like. A group whose pattern fits none of a model's names is fetched only
   * when the other groups lack an operator.
   */
  readonly names: RegExp;
  readonly load: () => Promise<Readonly<Record<string, Converter>>>;
}

/**
 * Fetches the groups that a model needs, and joins their operators.
 *
 * @param names the operators of the model. They come from a file: the result is a map, so that `constructor` is no operator
 * @throws WasiNNError `runtime-error` where a group cannot be fetched
 * @returns at least the operators among the names that any group has
 */
export async function loadOperators<Converter>(
  groups: readonly OperatorGroup<Converter>[],
  names: ReadonlySet<string>,
): Promise<OperatorTable<Converter>> {
  const isLikely = ({ names: pattern }: OperatorGroup<Converter>) => [...names].some((name) => pattern.test(name));
  const likely = groups.filter(isLikely);
  const loaded = await Promise.all(likely.map(({ load }) => fetchCode(load)));
  let operators = operatorTable(...loaded);
  for (const group of groups) {
    if ([...names].every((name) => operators.has(name))) break;
    if (likely.includes(group)) continue;
    loaded.push(await fetchCode(group.load));
    operators = operatorTable(...loaded);
  }
  return operators;
}

function operatorTable<Converter>(...groups: readonly Readonly<Record<string, Converter>>[]): OperatorTable<Converter> {
  return new Map(groups.flatMap((group) => Object.entries(group)));
}
