import type { ImportedModel } from '../../importers/importer.js';
import { WasiNNError } from '../../standard/error.js';
import type { TensorShape } from '../../standard/tensor.js';
import type { BackendGraph } from '../backend.js';
import type { KeptConversions } from './kept-conversions.js';

/** A graph, and the model that it was loaded from. */
export interface ConvertedGraph {
  readonly graph: BackendGraph;
  readonly model: Omit<ImportedModel, 'onnx'>;
}

interface LoadConvertedOptions {
  readonly kept: KeptConversions;
  /** The types and shapes of the inputs, where the model is converted for these alone. */
  readonly shapes?: readonly TensorShape[];
  convert(): Promise<ImportedModel>;
  load(model: ImportedModel): Promise<BackendGraph>;
}

/**
 * Loads a model from the conversion that is kept of it. Where there is none, or onnxruntime cannot read it, the model is
 * converted, and kept once it is loaded.
 */
export async function loadConverted({ kept, shapes, convert, load }: LoadConvertedOptions): Promise<ConvertedGraph> {
  const found = await kept.findModel(shapes);
  const graph = found && (await loadUnlessDamaged(found, load));
  if (found && graph) return { graph, model: withoutBytes(found) };

  const model = await convert();
  const loaded = await load(model);
  kept.keepModel(model, shapes);
  return { graph: loaded, model: withoutBytes(model) };
}

async function loadUnlessDamaged(
  model: ImportedModel,
  load: LoadConvertedOptions['load'],
): Promise<BackendGraph | undefined> {
  try {
    return await load(model);
  } catch (cause) {
    if (cause instanceof WasiNNError && cause.code === 'invalid-encoding') return undefined;
    throw cause;
  }
}

/** Whoever keeps the rest does not keep the weights in memory. */
function withoutBytes({ inputs, outputs, inputAliases, outputAliases }: ImportedModel): Omit<ImportedModel, 'onnx'> {
  return { inputs, outputs, inputAliases, outputAliases };
}
