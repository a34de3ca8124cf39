/** @returns the class with the highest score */
export function bestClassOf(scores: Float32Array): number {
  return scores.indexOf(Math.max(...scores));
}
