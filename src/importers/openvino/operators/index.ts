import { type OperatorTable, operatorTable } from '../../operator-table.js';
import type { Converter } from '../layer-context.js';
import { activation } from './activation.js';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import { pooling } from './pooling.js';

type Group = Readonly<Record<string, Converter>>;

/** Operators that most models have come with the importer; the others are fetched when a model has one of them. */
const groups: readonly (() => Promise<Group>)[] = [
  async () => ({ ...activation, ...convolution, ...elementwise, ...pooling }),
  async () => (await import('./general.js')).general,
  async () => (await import('./special.js')).special,
];

/**
 * The operators of OpenVINO that can be converted, by the names that its IR gives them; of all groups that have to be
 * fetched for these types.
 */
export async function loadOperators(types: ReadonlySet<string>): Promise<OperatorTable<Converter>> {
  const loaded: Group[] = [];
  for (const load of groups) {
    loaded.push(await load());
    const operators = operatorTable(...loaded);
    if ([...types].every((type) => operators.has(type))) return operators;
  }
  return operatorTable(...loaded);
}
