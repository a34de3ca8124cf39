import type { Runner } from './baselines.js';

/** The times of both sides, in ms for one inference each. */
export interface Samples {
  readonly ours: readonly number[];
  readonly baseline: readonly number[];
}

/**
 * Measures two runners in turns, so that what slows the machine down slows both.
 *
 * @param times how many inferences make one sample
 */
export async function measureInPairs(ours: Runner, baseline: Runner, pairs: number, times: number): Promise<Samples> {
  const samples: { ours: number[]; baseline: number[] } = { ours: [], baseline: [] };
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    await ours(times);
    await baseline(times);
  }
  for (let pair = 0; pair < pairs; pair++) {
    samples.ours.push(await timeOf(ours, times));
    samples.baseline.push(await timeOf(baseline, times));
  }
  return samples;
}

async function timeOf(runner: Runner, times: number): Promise<number> {
  const start = performance.now();
  await runner(times);
  return (performance.now() - start) / times;
}
