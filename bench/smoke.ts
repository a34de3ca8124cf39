import type { Result } from './results.js';

/**
 * The usual ratios of a few scenarios that take seconds. The smoke benchmark fails where one has doubled. Those of 4 bytes are what
 * a busy machine measures: there, each thread that a call wakes waits for a processor.
 */
const ratios: Readonly<Record<string, number>> = {
  'a-cpu': 1.05,
  'c-16MiB-core': 0.94,
  'c-4B-message': 4,
  'c-4B-blocking': 4,
  'l-small-digits': 1.6,
};

export const smokeIds = Object.keys(ratios);

/** Which part of the samples the smoke benchmark takes. */
export const smokeShare = 0.2;

/** @throws Error where a ratio has doubled */
export function checkSmoke(results: readonly Pick<Result, 'id' | 'ratio'>[]): void {
  const doubled = results.filter(({ id, ratio }) => ratio > 2 * (ratios[id] ?? 0));
  if (doubled.length === 0) return;
  const list = doubled.map(({ id, ratio }) => `${id}: ${ratio.toFixed(2)}, where ${ratios[id]} is usual`).join('; ');
  throw new Error(`the ratio of the library to its baseline has doubled (${list}): see docs/performance.md`);
}
