import type { ImportedModel } from '../../importers/importer.js';
import type { PyTorchProgram } from '../../importers/pytorch/index.js';
import { WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import type { DeclaredTensors, TensorInfo } from '../../standard/tensor.js';
import type { Backend, BackendGraph } from '../backend.js';
import { sniff } from '../sniff.js';
import { type KeptConversions, keptConversions } from './kept-conversions.js';
import { type ConvertedGraph, loadConverted } from './load-converted.js';
import { createSpecialisedGraph, type Program } from './specialised-graph.js';

type Import = (parts: readonly GraphBuilder[]) => ImportedModel | Promise<ImportedModel>;

/**
 * Backends for encodings that have no runtime in browsers. Each model becomes an ONNX model in memory, which the ONNX
 * backend loads: devices, fallback and device tensors are the same for all. The code that converts models of an encoding
 * is fetched when the first of them comes.
 */
export function createImportedBackends(onnx: Backend): Backend[] {
  return [
    imported(onnx, 'openvino', async () => {
      const { importOpenvino } = await import('../../importers/openvino/import-openvino.js');
      return (parts) => importOpenvino(topologyFirst(parts));
    }),
    imported(onnx, 'tensorflow', async () => {
      const { importTensorflow } = await import('../../importers/tensorflow/import-tensorflow.js');
      return importTensorflow;
    }),
    pytorch(onnx),
  ];
}

function imported(onnx: Backend, encoding: 'openvino' | 'tensorflow', start: () => Promise<Import>): Backend {
  return {
    name: onnx.name,
    encodings: [encoding],
    async load(parts, options) {
      const { graph, model } = await loadConverted({
        kept: await keptConversions(encoding, parts, options.conversions),
        async convert() {
          const convert = await start();
          return convert(parts);
        },
        load: (model) => onnx.load([model.onnx], options),
      });
      return renamed(graph, model);
    },
  };
}

/** PyTorch's programs say nothing of shapes: they are converted when the first inputs come. */
function pytorch(onnx: Backend): Backend {
  return {
    name: onnx.name,
    encodings: ['pytorch'],
    async load(parts, options) {
      const [archive] = parts;
      if (!archive || parts.length > 1) {
        throw new WasiNNError(
          'invalid-argument',
          `load: a PyTorch model is 1 part (the .pt or .pt2 file), but ${parts.length} came`,
        );
      }
      const kept = await keptConversions('pytorch', parts, options.conversions);
      const program = await openProgram(archive, kept);
      const load: Program['load'] = (shapes) =>
        loadConverted({
          kept,
          shapes,
          async convert() {
            const { specialise } = await program.read();
            return specialise(shapes);
          },
          // The program itself is in this thread.
          load: (model) => onnx.load([model.onnx], { ...options, leavesWasm: false }),
        });
      return createSpecialisedGraph({ program: { inputs: program.inputs, load }, options });
    },
  };
}

interface OpenProgram {
  readonly inputs: DeclaredTensors;
  /** Reads it when it is first converted. */
  read(): Promise<PyTorchProgram>;
}

/** Opens a program. It is not read where it is known what it declares, since all that is wanted of it may be kept. */
async function openProgram(archive: GraphBuilder, kept: KeptConversions): Promise<OpenProgram> {
  let reading: Promise<PyTorchProgram> | undefined;

  async function start(): Promise<PyTorchProgram> {
    const { readPyTorch } = await import('../../importers/pytorch/index.js');
    return readPyTorch(archive);
  }

  function read(): Promise<PyTorchProgram> {
    reading ??= start().catch((cause) => {
      reading = undefined;
      throw cause;
    });
    return reading;
  }

  const known = await kept.findInputs();
  if (known) return { inputs: known, read };
  const { inputs } = await read();
  kept.keepInputs(inputs);
  return { inputs, read };
}

/** OpenVINO's two files in either order. */
function topologyFirst(parts: readonly GraphBuilder[]): readonly GraphBuilder[] {
  const isTopology = parts.map((part) => {
    const format = sniff(part);
    return format.kind === 'model' && format.encoding === 'openvino';
  });
  return isTopology[1] && !isTopology[0] ? parts.toReversed() : parts;
}

/** The graph, whose inputs and outputs are also known by the further names that the original model gives them. */
function renamed(graph: BackendGraph, { inputAliases, outputAliases }: ConvertedGraph['model']): BackendGraph {
  const inputs = addAliases(graph.inputs, inputAliases);
  const outputs = addAliases(graph.outputs, outputAliases);
  const { computeOnDevice } = graph;
  return {
    inputs,
    outputs,
    get device() {
      return graph.device;
    },
    fallback: graph.fallback,
    compute: (given) => graph.compute(given),
    ...(computeOnDevice && { computeOnDevice }),
    dispose: () => graph.dispose(),
  };
}

function addAliases(tensors: DeclaredTensors, aliases: ReadonlyMap<string, string>): DeclaredTensors {
  if (tensors === 'any') return tensors;
  return tensors.map((tensor): TensorInfo => {
    const own = [...aliases].flatMap(([alias, name]) => (name === tensor.name ? alias : []));
    return own.length === 0 ? tensor : { ...tensor, aliases: own };
  });
}
