import { count, type Run } from '../../conformance/results.js';
import { featureOf } from '../../conformance/tap.js';

export interface Verdict {
  readonly words: string;
  readonly hasPassed: boolean;
}

/** Says what the runs mean. @param rows how many runs all of the suite are */
export function verdictOf(runs: readonly Run[], rows: number): Verdict {
  const counts = runs.map(count);
  const sum = (status: 'passed' | 'failed' | 'known') => counts.reduce((total, row) => total + row[status], 0);
  const passed = sum('passed');
  const performed = passed + sum('failed') + sum('known');
  const cases = `${passed} of ${performed} cases`;
  if (runs.length < rows)
    return { words: `Stopped after ${runs.length} of ${rows} rows: ${cases} passed.`, hasPassed: false };
  const known = sum('known') > 0 ? ` ${sum('known')} are known to fail.` : '';
  return { words: `This browser passes ${cases}.${known}`, hasPassed: sum('failed') === 0 };
}

export interface FeatureCount {
  readonly feature: string;
  readonly passed: number;
  readonly failed: number;
}

/** How many cases of each feature passed and failed, in all runs together. */
export function countByFeature(runs: readonly Run[]): FeatureCount[] {
  const counts = new Map<string, { passed: number; failed: number }>();
  for (const { id, verdict } of runs.flatMap(({ reports }) => reports)) {
    if (verdict !== 'passed' && verdict !== 'failed') continue;
    const feature = featureOf(id);
    const own = counts.get(feature) ?? { passed: 0, failed: 0 };
    own[verdict] += 1;
    counts.set(feature, own);
  }
  const features = [...counts].map(([feature, own]) => ({ feature, ...own }));
  return features.sort((one, other) => one.feature.localeCompare(other.feature));
}
