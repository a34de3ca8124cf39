import type { ExecutionTarget } from '../standard/graph.js';

/**
 * The engines of a page: one for graphs on the CPU, one for those on accelerators, one for language models. A run on the CPU
 * blocks its thread, and would delay all that waits for a device there. A text takes seconds, and would delay both.
 */
export const engineKinds = ['cpu', 'accelerator', 'text'] as const;

/** The kind of an engine: `cpu`, `accelerator` (WebGPU and WebNN) or `text` (language models). */
export type EngineKind = (typeof engineKinds)[number];

/** The engine for graphs that are meant for a target, but for language models. */
export function engineKindOf(target: ExecutionTarget): Exclude<EngineKind, 'text'> {
  return target === 'cpu' || !canAccelerate() ? 'cpu' : 'accelerator';
}

/**
 * Whether there are two engines. Where this thread sees neither WebGPU nor WebNN, all graphs run on the CPU in the end, and
 * two pools of threads would compete for it.
 */
function canAccelerate(): boolean {
  return 'gpu' in navigator || 'ml' in navigator;
}
