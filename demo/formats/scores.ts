export interface Score {
  readonly label: string;
  readonly score: number;
}

/**
 * The three best scores of a classifier, the best first.
 *
 * @param labels those of the classes; a model with one class more has "background" before them
 */
export function bestScores(scores: ArrayLike<number | bigint>, labels: readonly string[]): Score[] {
  const offset = scores.length === labels.length + 1 ? 1 : 0;
  const isKnown = scores.length === labels.length + offset;
  const all = Array.from(scores, (score, index) => ({ index, score: Number(score) }));
  const best = all.sort((one, other) => other.score - one.score).slice(0, 3);
  return best.map(({ index, score }) => {
    const known = isKnown ? labels[index - offset] : undefined;
    return { label: known ?? (isKnown ? 'background' : `class ${index}`), score };
  });
}
