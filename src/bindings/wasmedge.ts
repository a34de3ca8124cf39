import type { Awaitable } from '../rpc/inference-client.js';
import type { CoreModuleSession } from './core-module-session.js';
import type { GuestMemory } from './guest-memory.js';
import type { GuestFunction, WitxFunctions } from './witx.js';

const maxConfigurationBytes = 2 ** 20;

/**
 * What WasmEdge adds to `wasi_ephemeral_nn` (plugins/wasi_nn; the guest crate `wasmedge-wasi-nn`): releasing graphs
 * and contexts, and computing a text token by token. A graph of tensors has no tokens: each `compute_single` is a whole
 * computation, and none ends a sequence.
 */
export function createWasmEdgeFunctions(session: CoreModuleSession, witx: WitxFunctions) {
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
      memory.text(configuration, configurationByteLength, 'the configuration', maxConfigurationBytes);
      return witx.load_by_name(memory, name, nameByteLength, graphOut);
    },

    unload(_memory: GuestMemory, graph: number): void {
      session.unload(graph);
    },

    finalize_execution_context(_memory: GuestMemory, context: number): void {
      session.finalizeExecutionContext(context);
    },

    compute_single: witx.compute,

    get_output_single: witx.get_output,

    /** Ends the computations of `compute_single`; their outputs go. */
    fini_single(_memory: GuestMemory, context: number): void {
      session.forgetOutputs(context);
    },
  } satisfies Record<string, GuestFunction>;
}
