import type { Scenario } from './scenario.js';

/**
 * Prepares scenarios. What several need is prepared once.
 *
 * @param log gets a line for each scenario that is left out
 * @returns those whose preparation has succeeded, and those that need none
 */
export async function prepareScenarios<Wanted extends Pick<Scenario, 'id' | 'prepare'>>(
  wanted: readonly Wanted[],
  log: (line: string) => void,
): Promise<readonly Wanted[]> {
  const reasons = new Map<Scenario['prepare'], string>();
  for (const prepare of new Set(wanted.flatMap(({ prepare }) => prepare ?? []))) {
    const reason = await prepare();
    if (reason !== undefined) reasons.set(prepare, reason);
  }
  for (const { id, prepare } of wanted) if (reasons.has(prepare)) log(`left out ${id}: ${reasons.get(prepare)}`);
  return wanted.filter(({ prepare }) => !reasons.has(prepare));
}
