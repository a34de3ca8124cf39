import type { ExecutionTarget } from './graph.js';

export const providers = ['javascript', 'wasm', 'webgpu', 'webnn'] as const;

/** What carries out a graph: plain JavaScript, WebAssembly SIMD, WebGPU or WebNN. */
export type Provider = (typeof providers)[number];

/** Where a graph really runs. */
export interface Device {
  /** The execution target that the device stands for; not always the one that was asked for. */
  readonly target: ExecutionTarget;
  readonly provider: Provider;
  /** For people: the number of threads, the adapter's name, the WebNN device type. */
  readonly description: string;
}

/** A device that was tried before the one that serves, and why it does not. */
export interface FallbackStep {
  readonly provider: Provider;
  readonly target: ExecutionTarget;
  readonly reason: string;
}

/** A model has made a runtime abort, or lose its device. */
export interface ProviderAbort {
  readonly provider: Provider;
  /** In words. */
  readonly reason: string;
}

/** Providers that a model is not to be tried on, and why. */
export type AvoidedProviders = Readonly<Partial<Record<Provider, string>>>;

/**
 * Which providers may stand in for the one that was asked for: all of them, none, or those named. WebNN is asked for by
 * the target `tpu`, WebGPU by `gpu`, WebAssembly by `cpu`.
 */
export type FallbackPolicy = boolean | readonly Provider[];
