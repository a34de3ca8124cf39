import { median } from '../layout/quantities.js';
import type { CallTimes } from './call-times.js';

/** What is known of one model on one target. */
export interface TargetRecord {
  /** How long the model took to load last, in ms. */
  readonly load?: number;
  /** How long the call took that loaded it, without the loading, in ms. */
  readonly first?: number;
  /** How long the calls after that took, in ms; the newest last. */
  readonly warm: readonly number[];
}

/** How many calls are kept. */
export const recentCalls = 24;

/** Adds a call. The time of a call that loads the model is kept apart from the times of inference. */
export function addCall(record: TargetRecord, { load, total }: CallTimes): TargetRecord {
  if (load > 0) return { load, first: total - load, warm: [] };
  return { ...record, warm: [...record.warm, total].slice(-recentCalls) };
}

export function warmMedian({ warm }: TargetRecord): number | undefined {
  return median(warm);
}
