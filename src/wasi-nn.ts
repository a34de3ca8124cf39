import { createContextCount } from './bindings/context-count.js';
import type { ReportError } from './bindings/report-error.js';
import { createWitBinding } from './bindings/wit.js';
import { type OpenedWasiNN, openWasiNN } from './page/create-wasi-nn.js';
import type { WasiNN } from './page/wasi-nn-interface.js';
import type { WasiNNOptions } from './page/wasi-nn-options.js';
import type { InferenceClient } from './rpc/inference-client.js';
import { withoutDeviceTensors } from './rpc/tensor-reference.js';
import { WasiNNError } from './standard/error.js';

/**
 * The module for components that were transpiled in a build step:
 * `jco transpile guest.wasm --map 'wasi:nn/*=wasi-nn-web/wasi-nn#*' --async-mode jspi …`. Such a guest runs on the
 * page's own thread and uses one engine for the page, which {@link configure} sets up.
 */

let page: OpenedWasiNN | undefined;
let opened: InferenceClient | undefined;
const own = createContextCount();

/**
 * Sets up the engine that transpiled components use. Call it before the first of them loads a graph.
 *
 * @throws WasiNNError `invalid-argument` when the engine has been set up already
 */
export function configure(options: WasiNNOptions): WasiNN {
  if (page)
    throw new WasiNNError('invalid-argument', 'configure: the engine is set up already: call configure once, first');
  page = create(options);
  return page.nn;
}

/** The contexts of components on the page's own thread count as those of other guests do. */
function create(options: WasiNNOptions = {}): OpenedWasiNN {
  const opened = openWasiNN(options);
  const { stats } = opened.nn;
  Object.assign(opened.nn, {
    async stats() {
      const others = await stats();
      return { ...others, contexts: others.contexts + own.contexts };
    },
  });
  return opened;
}

function client(): InferenceClient {
  page ??= create();
  opened ??= withoutDeviceTensors(withOwnPromises(page.connect()));
  return opened;
}

/** The page's promises may be those of another frame, which a binding would take for values. */
function withOwnPromises(client: InferenceClient): InferenceClient {
  return {
    load: async (parts, encoding, target) => client.load(parts, encoding, target),
    loadByName: async (name) => client.loadByName(name),
    compute: async (id, inputs) => client.compute(id, inputs),
    unload: async (id) => client.unload(id),
    readTensor: async (deviceTensor) => client.readTensor(deviceTensor),
    releaseTensor: async (deviceTensor) => client.releaseTensor(deviceTensor),
    startText: async (id, request) => client.startText(id, request),
    readText: async (text) => client.readText(text),
    stopText: async (text) => client.stopText(text),
  };
}

const lazyClient: InferenceClient = {
  load: (parts, encoding, target) => client().load(parts, encoding, target),
  loadByName: (name) => client().loadByName(name),
  compute: (id, inputs) => client().compute(id, inputs),
  unload: (id) => client().unload(id),
  readTensor: (deviceTensor) => client().readTensor(deviceTensor),
  releaseTensor: (deviceTensor) => client().releaseTensor(deviceTensor),
  startText: (id, request) => client().startText(id, request),
  readText: (text) => client().readText(text),
  stopText: (text) => client().stopText(text),
};

/** Reports each error alone. The worker of a guest gathers several; a component on the page's own thread has no such worker. */
const report: ReportError = (error, functionName) => page?.onFault(error, functionName, 0);

export const { tensor, errors, graph, inference } = createWitBinding(lazyClient, own, report);
