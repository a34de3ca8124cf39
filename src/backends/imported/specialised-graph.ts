import { WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import { type DeclaredTensors, isTensorType, type TensorShape, type TensorValue } from '../../standard/tensor.js';
import type { BackendGraph, Device, FallbackStep, LoadOptions, Provider } from '../backend.js';
import { type ComputedTensor, fetchAll, fetchValue, type NamedComputedTensor } from '../device-tensor.js';
import type { ConvertedGraph } from './load-converted.js';

/** How many graphs of a program are kept; of others, the one that was used longest ago goes. */
const maximumGraphs = 4;

/** A program that becomes a graph when it is known which inputs it gets. */
export interface Program {
  /** `any` where it does not say what it takes. */
  readonly inputs: DeclaredTensors;
  /** Loads it for inputs of these types and shapes, in the order of its parameters. */
  load(inputs: readonly TensorShape[]): Promise<ConvertedGraph>;
}

interface SpecialisedOptions {
  readonly program: Program;
  readonly options: Pick<LoadOptions, 'target' | 'onMove'>;
}

type Inputs = ReadonlyMap<string, ComputedTensor>;

/** Where a target's graphs run if nothing is wrong. */
const firstProviders: Readonly<Record<ExecutionTarget, Provider>> = { cpu: 'wasm', gpu: 'webgpu', tpu: 'webnn' };

/**
 * Makes a graph of a program. The program is converted once for each combination of types and shapes of its inputs: when
 * inputs first have it.
 */
export async function createSpecialisedGraph({ program, options }: SpecialisedOptions): Promise<BackendGraph> {
  /** Those used last stand last. */
  const kept = new Map<string, ConvertedGraph>();
  let device: Device = {
    target: options.target,
    provider: firstProviders[options.target],
    description: 'chosen when the first inputs come',
  };
  let fallback: readonly FallbackStep[] = [];

  /** The graph for inputs of these types and shapes, which is made where it is not kept. */
  async function specialise(inputs: readonly TensorShape[]): Promise<ConvertedGraph> {
    const shapes = inputs.map(({ type, dimensions }) => ({ type, dimensions }));
    const key = JSON.stringify(shapes);
    const specialisation = kept.get(key) ?? (await program.load(shapes));
    kept.delete(key);
    kept.set(key, specialisation);
    const [oldest] = kept;
    if (kept.size <= maximumGraphs || !oldest) return specialisation;
    kept.delete(oldest[0]);
    // No caller is left who could handle an error.
    await oldest[1].graph.dispose().catch(() => undefined);
    return specialisation;
  }

  /** Reports where the graph runs, once that is known. */
  function settle(graph: BackendGraph): void {
    const isNews = device.provider !== graph.device.provider || graph.fallback.length > fallback.length;
    device = graph.device;
    if (isNews) options.onMove?.(graph.fallback, graph.device);
    fallback = graph.fallback;
  }

  async function compute(inputs: Inputs): Promise<readonly NamedComputedTensor[]> {
    const ordered = inOrder(program, inputs);
    const { graph, model } = await specialise(ordered);
    settle(graph);
    const given = new Map(ordered.map((tensor, index) => [model.inputs[index]?.name ?? String(index), tensor]));
    return graph.computeOnDevice?.(given) ?? computeOnBytes(graph, given);
  }

  const declared = fixedInputs(program);
  if (declared) ({ device, fallback } = (await specialise(declared)).graph);
  return {
    inputs: program.inputs,
    outputs: 'any',
    get device() {
      return device;
    },
    get fallback() {
      return fallback;
    },
    compute: async (inputs) => fetchAll(await compute(inputs)),
    computeOnDevice: compute,
    async dispose() {
      const all = [...kept.values()];
      kept.clear();
      for (const { graph } of all) await graph.dispose();
    },
  };
}

/** The types and shapes of a program's inputs, where it declares them all. */
function fixedInputs({ inputs }: Program): readonly TensorShape[] | undefined {
  if (inputs === 'any') return undefined;
  const shapes = inputs.flatMap(({ type, shape }): TensorShape[] => {
    const dimensions = shape.filter((length) => typeof length === 'number');
    return isTensorType(type) && dimensions.length === shape.length ? [{ type, dimensions }] : [];
  });
  return shapes.length === inputs.length ? shapes : undefined;
}

async function computeOnBytes(graph: BackendGraph, inputs: Inputs): Promise<readonly NamedComputedTensor[]> {
  const values = new Map<string, TensorValue>();
  for (const [name, tensor] of inputs) values.set(name, await fetchValue(tensor));
  return graph.compute(values);
}

/**
 * The inputs in the order of the program's parameters: as it declares them, or, where it declares none, by the numbers that
 * they have as names. Other names have no meaning then, and the order in which they come counts.
 */
function inOrder({ inputs: declared }: Program, inputs: Inputs): readonly ComputedTensor[] {
  if (declared !== 'any') return declared.flatMap(({ name }) => inputs.get(name) ?? []);
  const names = [...inputs.keys()];
  if (!names.every((name) => /^\d{1,9}$/.test(name))) return [...inputs.values()];
  const sorted = names.map(Number).toSorted((left, right) => left - right);
  const missing = sorted.findIndex((position, index) => position !== index);
  if (missing === -1) return sorted.flatMap((position) => inputs.get(String(position)) ?? []);
  throw new WasiNNError(
    'invalid-argument',
    `compute: input ${missing} is missing; give inputs from 0 on, without gaps`,
  );
}
