import { fromPageReply, type ImportCall, type ImportReply, type WasmValue } from '../rpc/import-reply.js';
import type { PromiseIntegration } from '../rpc/jspi.js';
import { waitForReply } from '../rpc/page-reply.js';

/** How a guest's thread reaches the functions of the page. */
export interface PageCalls {
  /** Calls a function, while the guest is suspended. */
  request(call: ImportCall): Promise<ImportReply>;
  /** Has a function called, and the reply written to the memory. */
  notify(call: ImportCall): void;
  /** Where the page writes replies, for a thread that blocks. */
  readonly replies: Int32Array | undefined;
}

/**
 * Makes the functions that a core module imports from the page.
 *
 * @param names by modules
 * @param jspi what suspends the guest. Default: its thread blocks
 */
export function createPageFunctions(
  names: ReadonlyMap<string, readonly string[]>,
  { request, notify, replies }: PageCalls,
  jspi: PromiseIntegration | undefined,
): ReadonlyMap<string, ReadonlyMap<string, WebAssembly.ExportValue>> {
  function create(module: string, name: string): WebAssembly.ExportValue {
    if (jspi) {
      return new jspi.Suspending(async (...values: WasmValue[]) => resultOf(await request({ module, name, values })));
    }
    return (...values: WasmValue[]) => {
      if (!replies) throw new Error(`${module}.${name}: the guest cannot wait for the page`);
      notify({ module, name, values });
      return resultOf(fromPageReply(waitForReply(replies)));
    };
  }

  return new Map(
    Array.from(names, ([module, functions]) => [
      module,
      new Map(functions.map((name) => [name, create(module, name)])),
    ]),
  );
}

/** What the page's function threw traps the guest: WebAssembly cannot catch it. */
function resultOf(reply: ImportReply): WasmValue | readonly WasmValue[] | undefined {
  if ('error' in reply) throw new WebAssembly.RuntimeError(reply.error);
  return reply.values.length > 1 ? reply.values : reply.values[0];
}
