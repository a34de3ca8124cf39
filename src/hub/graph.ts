import type { EngineKind } from '../rpc/engine-kind.js';
import type { AvoidedProviders, Device, FallbackStep } from '../standard/device.js';
import type { ExecutionTarget } from '../standard/graph.js';
import type { DeclaredTensors } from '../standard/tensor.js';
import type { TextModel } from '../standard/text.js';
import type { EngineProcess } from './engine-process.js';
import type { Source } from './graph-source.js';

/** A graph, which several clients may hold where it was loaded by name. */
export interface Graph {
  readonly id: number;
  readonly source: Source;
  /** The engine that runs it. A graph for which only WebAssembly is left moves to the engine of the CPU. */
  kind: EngineKind;
  /** What it was meant for. */
  readonly target: ExecutionTarget;
  readonly backend: string;
  readonly inputs: DeclaredTensors;
  readonly outputs: DeclaredTensors;
  /** For a language model. */
  readonly text?: TextModel;
  /** Where it was last known to run. */
  device: Device;
  /** The engine that has it loaded; one that has ended has nothing. */
  engine: EngineProcess | undefined;
  readonly hold: Hold;
  readonly findings: Findings;
}

/** What engines have found out about a graph. The next engine that loads it gets this. */
export interface Findings {
  /** Providers on which it has made a runtime abort. */
  avoid: AvoidedProviders;
  /** Set where only WebAssembly is left: what was tried in vain. */
  tried?: readonly FallbackStep[];
}

/** How many hold a graph, or wait for it. */
export interface Hold {
  count: number;
}

/** Whose call it is, and when it came, by `performance.now()`. */
export interface Call {
  readonly client: number;
  readonly came: number;
  /** Takes the call out of its queue. */
  readonly signal: AbortSignal;
}
