import { WasiNNError } from '../../standard/error.js';
import { describeLayer, type Layer, type Network, portKey } from './ir.js';

/**
 * Puts the layers that the results need in an order in which each comes behind those that it gets tensors from.
 * `Parameter`s come first and in their own order, since that is the order of the model's inputs.
 *
 * @throws WasiNNError `invalid-encoding` where layers wait for one another
 */
export function sortLayers({ layers, sources }: Network): Layer[] {
  const sorted: Layer[] = layers.filter(({ type }) => type === 'Parameter');
  const done = new Set(sorted);
  const entered = new Set<Layer>();
  const isRoot = ({ type }: Layer) => type === 'Result' || type === 'Assign';

  for (const root of layers.filter(isRoot)) {
    // A stack of our own: a chain of layers may be longer than the engine's.
    const stack = [root];
    for (let layer = stack.at(-1); layer; layer = stack.at(-1)) {
      if (done.has(layer)) {
        stack.pop();
      } else if (entered.has(layer)) {
        done.add(layer);
        sorted.push(layer);
        stack.pop();
      } else {
        entered.add(layer);
        for (const source of sourcesOf(layer, sources).reverse()) {
          if (entered.has(source) && !done.has(source)) throw cycle(source);
          if (!done.has(source)) stack.push(source);
        }
      }
    }
  }
  return sorted;
}

function sourcesOf(layer: Layer, sources: Network['sources']): Layer[] {
  return layer.inputs.flatMap(({ id }) => sources.get(portKey(layer.id, id))?.layer ?? []);
}

function cycle(layer: Layer): WasiNNError {
  return new WasiNNError(
    'invalid-encoding',
    `load: ${describeLayer(layer)} needs its own output: the edges of the OpenVINO model form a cycle`,
  );
}
