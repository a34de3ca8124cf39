import type { Device, FallbackStep } from '../standard/device.js';
import type { ExecutionTarget } from '../standard/graph.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import type { TextModel } from '../standard/text.js';
import type { EngineKind } from './engine-kind.js';

/** What the hub reports to the page while it works. */
export type HubEvent = LoadEvent | FallbackEvent | MeasureEvent | ReplaceEvent;

/** A graph was loaded. */
export interface LoadEvent {
  readonly type: 'load';
  /** The name it was loaded by; absent for a graph that a guest loaded from bytes. */
  readonly name?: string;
  readonly backend: string;
  readonly device: Device;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  /** For a language model. */
  readonly text?: TextModel;
}

/** A graph runs elsewhere than it was asked to. */
export interface FallbackEvent {
  readonly type: 'fallback';
  readonly name?: string;
  /** What was asked for. */
  readonly target: ExecutionTarget;
  /** What was tried, in this order, and why it does not serve. */
  readonly steps: readonly FallbackStep[];
  /** What serves. */
  readonly device: Device;
}

/**
 * What an engine did for a call; `read`: it brought a tensor back from a device; `generate`: it generated a text, to its end.
 */
export type MeasuredOperation = 'load' | 'compute' | 'read' | 'generate';

/** How long a call took. */
export interface MeasureEvent {
  readonly type: 'measure';
  readonly operation: MeasuredOperation;
  readonly name?: string;
  /** When the call came, in ms since 1970. */
  readonly start: number;
  /** All of the call, in ms. */
  readonly milliseconds: number;
  /** How much of that passed before the engine began, in ms. */
  readonly waited: number;
  /**
   * For how much of it the backend worked, in ms; the rest is the way to the engine and back. Absent for a text, and where the call
   * has ended the engine.
   */
  readonly worked?: number;
  /** For a text: the tokens of its prompt, those that were generated, and how many of these came in a second. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly tokensPerSecond?: number;
}

/** An engine's worker was ended or broke down. Another starts when it is next needed, and reloads what it needs. */
export interface ReplaceEvent {
  readonly type: 'replace';
  readonly engine: EngineKind;
  readonly reason: string;
}

/** What all engines have at the moment. */
export interface EngineStats {
  /** How many guests there are, the page itself included where it has loaded graphs. */
  readonly guests: number;
  /** The graphs that they hold; those loaded by the same name are one, held several times. */
  readonly graphs: number;
  /** The calls that wait or are under way. */
  readonly calls: number;
  /** How much memory the runtimes have taken, in bytes. */
  readonly heapBytes: number;
  /** How many bytes of tensors have stayed on devices (`outputs: 'device'`). */
  readonly deviceBytes: number;
}
