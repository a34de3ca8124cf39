import { createContextCount } from './bindings/context-count.js';
import { createWitBinding } from './bindings/wit.js';
import { createWasiNN, type WasiNN, type WasiNNOptions } from './page/create-wasi-nn.js';
import type { InferenceClient } from './rpc/inference-client.js';
import { withoutDeviceTensors } from './rpc/tensor-reference.js';
import { WasiNNError } from './standard/error.js';

/**
 * The module for components that were transpiled in a build step:
 * `jco transpile guest.wasm --map 'wasi:nn/*=wasi-nn-web/wasi-nn#*' --async-mode jspi …`. Such a guest runs on the
 * page's own thread and uses one engine for the page, which {@link configure} sets up.
 */

let page: WasiNN | undefined;
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
  return page;
}

/** The contexts of components on the page's own thread count as those of other guests do. */
function create(options: WasiNNOptions = {}): WasiNN {
  const nn = createWasiNN(options);
  const { stats } = nn;
  return Object.assign(nn, {
    async stats() {
      const others = await stats();
      return { ...others, contexts: others.contexts + own.contexts };
    },
  });
}

function link(): InferenceClient {
  page ??= create();
  opened ??= withoutDeviceTensors(withOwnPromises(page.connect()));
  return opened;
}

/** The page's promises may be those of another frame, by which a binding does not tell answers from values. */
function withOwnPromises(link: InferenceClient): InferenceClient {
  return {
    load: async (parts, encoding, target) => link.load(parts, encoding, target),
    loadByName: async (name) => link.loadByName(name),
    compute: async (id, inputs) => link.compute(id, inputs),
    unload: async (id) => link.unload(id),
    readTensor: async (deviceTensor) => link.readTensor(deviceTensor),
    releaseTensor: async (deviceTensor) => link.releaseTensor(deviceTensor),
    startText: async (id, request) => link.startText(id, request),
    readText: async (text) => link.readText(text),
    stopText: async (text) => link.stopText(text),
  };
}

const lazyLink: InferenceClient = {
  load: (parts, encoding, target) => link().load(parts, encoding, target),
  loadByName: (name) => link().loadByName(name),
  compute: (id, inputs) => link().compute(id, inputs),
  unload: (id) => link().unload(id),
  readTensor: (deviceTensor) => link().readTensor(deviceTensor),
  releaseTensor: (deviceTensor) => link().releaseTensor(deviceTensor),
  startText: (id, request) => link().startText(id, request),
  readText: (text) => link().readText(text),
  stopText: (text) => link().stopText(text),
};

export const { tensor, errors, graph, inference } = createWitBinding(lazyLink, own);
