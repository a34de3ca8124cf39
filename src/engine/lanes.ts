import type { ExecutionTarget } from '../standard/graph.js';

/**
 * The engines of a page, by the graphs that live in them: those meant for the CPU in one, those for accelerators in the
 * other. A run on the CPU blocks its thread, and would hold up all that waits for a device there.
 */
export const lanes = ['cpu', 'accelerated'] as const;

export type Lane = (typeof lanes)[number];

/** The lane of graphs that are meant for a target. It stays theirs when they fall back: each engine is complete. */
export function laneOf(target: ExecutionTarget): Lane {
  return target === 'cpu' || !canAccelerate() ? 'cpu' : 'accelerated';
}

/**
 * Whether there are two lanes. Where this thread sees neither WebGPU nor WebNN all graphs run on the CPU in the end, where
 * two pools of threads would only contend.
 */
export function canAccelerate(): boolean {
  return 'gpu' in navigator || 'ml' in navigator;
}
