/** A case that a browser cannot pass, and why. A case that passes although it stands here is a failure. */
export interface KnownFailure {
  /** The test's name. */
  readonly name: string;
  /** The test projects in which it fails. */
  readonly projects: readonly string[];
  readonly reason: string;
}

export const knownFailures: readonly KnownFailure[] = [];
