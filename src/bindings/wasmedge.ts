import { orElse } from '../rpc/awaitable.js';
import type { Awaitable } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { maximumConfigurationBytes } from '../standard/text-configuration.js';
import type { CoreModuleSession } from './core-module-session.js';
import type { GuestMemory } from './guest-memory.js';
import { modelNotFound } from './text-errors.js';
import { type GuestFunction, loadByName, writeOutput } from './witx.js';

/**
 * What WasmEdge adds to `wasi_ephemeral_nn` (plugins/wasi_nn; the guest crate `wasmedge-wasi-nn`): it releases graphs
 * and contexts, and generates a text token by token. A graph of tensors has no tokens: each `compute_single` is a whole
 * computation, and none ends a sequence.
 */
export function createWasmEdgeFunctions(session: CoreModuleSession) {
  return {
    /** The configuration, JSON for language models, must be text; graphs of tensors have no use for it. */
    load_by_name_with_config(
      memory: GuestMemory,
      name: number,
      nameByteLength: number,
      configuration: number,
      configurationByteLength: number,
      graphOut: number,
    ): Awaitable<void> {
      const settings = readConfiguration(memory, configuration, configurationByteLength);
      return orElse(
        () => loadByName(memory, graphOut, [name, nameByteLength], session, settings),
        (cause) => {
          if (cause instanceof WasiNNError && cause.code === 'not-found') throw modelNotFound(cause.message);
          throw cause;
        },
      );
    },

    unload(_memory: GuestMemory, graph: number): void {
      session.unload(graph);
    },

    finalize_execution_context(_memory: GuestMemory, context: number): void {
      session.finalizeExecutionContext(context);
    },

    compute_single(_memory: GuestMemory, context: number): Awaitable<void> {
      return session.computeSingle(context);
    },

    get_output_single(
      memory: GuestMemory,
      context: number,
      index: number,
      buffer: number,
      bufferByteLength: number,
      writtenOut: number,
    ): Awaitable<void> {
      const place = [buffer, bufferByteLength, writtenOut] as const;
      return writeOutput(memory, index, place, () => session.singleOutput(context, index));
    },

    /** Ends the computations of `compute_single`; their outputs go. */
    fini_single(_memory: GuestMemory, context: number): void {
      session.forgetOutputs(context);
    },
  } satisfies Record<string, GuestFunction>;
}

/** The configuration of `load_by_name_with_config`, without the NUL that ends it in some guests. */
export function readConfiguration(memory: GuestMemory, pointer: number, byteLength: number): string {
  const text = memory.text(pointer, byteLength, 'the configuration', maximumConfigurationBytes);
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}
