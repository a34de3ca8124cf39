import type { Setting } from './rows.js';

/** Cases that fail in some rows, and why. One that passes although it stands here is a failure. */
export interface KnownFailure {
  /** The beginning of the cases' ids. */
  readonly cases: string;
  /** The rows: all whose members are these. */
  readonly rows: Partial<Setting & { readonly browser: string }>;
  readonly reason: string;
}

export const knownFailures: readonly KnownFailure[] = [];
