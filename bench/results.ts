/** What a scenario has measured: pairs of samples where there is a baseline. */
export interface Measured {
  readonly ours: readonly number[];
  readonly baseline?: readonly number[];
  /** Where `ours` is the processor's time: the time that passed. */
  readonly wall?: readonly number[];
}

/** What the samples are: milliseconds for one inference (or whatever the scenario repeats), megabytes, or bytes. */
export type Unit = 'ms' | 'MB' | 'bytes';

/** What a scenario promises. */
export interface Goal {
  readonly id: string;
  readonly title: string;
  /** What the ratio should be at most; where there is no baseline, the value; where memory is compared, the difference. */
  readonly target: number;
  /** Default `ms`. */
  readonly unit?: Unit;
  /** Whether the target holds for every sample, so that the worst is compared with it. Default: the median is. */
  readonly isForEverySample?: boolean;
}

export interface Summary {
  readonly median: number;
  readonly p90: number;
  readonly worst: number;
}

export interface Result {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly ours: Summary;
  readonly baseline?: Summary;
  readonly wall?: Summary;
  /**
   * What is compared with the target: the median of the pairs' ratios, ours to the baseline; for memory, of their differences;
   * without a baseline, the median, or the worst sample where the target holds for every one.
   */
  readonly ratio: number;
  readonly target: number;
  readonly met: boolean;
}

/** Sums up samples. Pairs are compared one by one: what slowed both sides of one cancels out. */
export function summarise(
  { id, title, target, unit = 'ms', isForEverySample = false }: Goal,
  { ours, baseline, wall }: Measured,
): Result {
  const compare = (value: number, other: number) => (unit === 'MB' ? value - other : value / other);
  const compared = baseline ? ours.map((value, pair) => compare(value, baseline[pair] ?? Number.NaN)) : ours;
  const ratio = quantile(compared, isForEverySample ? 1 : 0.5);
  return {
    id,
    title,
    unit,
    ours: summariseSamples(ours),
    ...(baseline && { baseline: summariseSamples(baseline) }),
    ...(wall && { wall: summariseSamples(wall) }),
    ratio,
    target,
    met: ratio <= target,
  };
}

function summariseSamples(samples: readonly number[]): Summary {
  return { median: quantile(samples, 0.5), p90: quantile(samples, 0.9), worst: quantile(samples, 1) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
