import type { Runner } from './baselines.js';

/** The times of both sides, in ms for one inference each. */
export interface Samples {
  readonly ours: readonly number[];
  readonly baseline: readonly number[];
}

export interface Plan {
  readonly pairs: number;
  /** How many inferences make one sample. */
  readonly times: number;
  /** How many inferences come before the first sample: short calls are compiled only after thousands. */
  readonly warmUp: number;
}

/** For one inference of SqueezeNet, or of a model that takes about as long. */
export const inference: Plan = { pairs: 40, times: 5, warmUp: 15 };

/** Measures two runners in turns, so that what slows the machine down slows both. */
export async function measureInPairs(ours: Runner, baseline: Runner, plan: Plan): Promise<Samples> {
  const { pairs, times, warmUp } = plan;
  const samples: { ours: number[]; baseline: number[] } = { ours: [], baseline: [] };
  await ours(warmUp);
  await baseline(warmUp);
  for (let pair = 0; pair < pairs; pair++) {
    samples.ours.push(await timeOf(ours, times));
    samples.baseline.push(await timeOf(baseline, times));
  }
  return samples;
}

async function timeOf(runner: Runner, times: number): Promise<number> {
  const start = performance.now();
  const counted = await runner(times);
  const milliseconds = typeof counted === 'number' ? counted : performance.now() - start;
  return milliseconds / times;
}
