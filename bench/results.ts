import type { Samples } from './pages/measure.js';

export interface Summary {
  /** In ms for one inference. */
  readonly median: number;
  readonly p90: number;
}

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly ours: Summary;
  /** Absent where a time, not a ratio, is measured. */
  readonly baseline?: Summary;
  /** Where `ours` is the processor's time: the time that passed. */
  readonly wall?: Summary;
  /** The median of the pairs' ratios, ours to the baseline; a time in ms where there is no baseline. */
  readonly ratio: number;
  readonly target: number;
  readonly met: boolean;
}

/** Sums up paired samples. The ratio is taken pair by pair: what slowed both sides of one cancels out. */
export function summarise(id: string, title: string, target: number, { ours, baseline }: Samples): Result {
  const ratio = quantile(
    ours.map((time, pair) => time / (baseline[pair] ?? Number.NaN)),
    0.5,
  );
  return {
    id,
    title,
    ours: summariseTimes(ours),
    baseline: summariseTimes(baseline),
    ratio,
    target,
    met: ratio <= target,
  };
}

export function summariseTimes(times: readonly number[]): Summary {
  return { median: quantile(times, 0.5), p90: quantile(times, 0.9) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
