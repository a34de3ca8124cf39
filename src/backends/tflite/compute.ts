import { quote, WasiNNError } from '../../standard/error.js';
import { byteLengthOf, describeInfo, type TensorValue } from '../../standard/tensor.js';
import { hasAborted } from '../runtime-module.js';
import type { Outputs } from '../session.js';
import { fromElements, toElements } from './elements.js';
import { toComputeError } from './errors.js';
import { type PlacedBuffer, placeOnGPU, readFromGPU } from './gpu-buffers.js';
import { type LiteRtCompiledModel, type LiteRtModel, type LiteRtTensorBuffer, take } from './litert-module.js';
import type { ModelDescription, ModelTensor } from './model.js';
import type { Placement } from './placement.js';
import type { Runtime } from './runtimes.js';

/** A model in a module's memory. */
export interface CompiledModel {
  readonly compiled: LiteRtCompiledModel;
  readonly litertModel: LiteRtModel;
  /** In the order in which LiteRT takes and gives them. */
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
}

/**
 * Computes once.
 *
 * @param values the inputs by their names; the engine has checked names and types
 * @returns the outputs in the order of the model
 * @throws WasiNNError `invalid-argument` for an input of another size, `runtime-error` for what LiteRT throws or writes
 */
export async function compute(
  placement: Placement,
  compiledModel: CompiledModel,
  model: ModelDescription,
  values: ReadonlyMap<string, TensorValue>,
): Promise<Outputs> {
  const { runtime } = placement;
  const { compiled, inputs, outputs } = compiledModel;
  const buffers: PlacedBuffer[] = [];
  const release = () => {
    for (const buffer of buffers) buffer.release();
  };
  // Only what is written from here on is about this computation.
  runtime.takeErrors();
  try {
    for (const [index, input] of inputs.entries()) {
      const elements = elementsOf(input, values.get(input.info.name));
      buffers.push(placeInput(placement, compiledModel, model.signature, index, elements));
    }
    const given = buffers.map(({ buffer }) => buffer);
    const results = await compiled.run(model.signature, given);
    buffers.push(...results.map((buffer) => ({ buffer, release: () => buffer.delete() })));
    const errors = runtime.takeErrors();
    if (errors.length > 0) throw new Error(errors.join('; '));
    const answers = new Map<ModelTensor, TensorValue>();
    for (const [index, output] of outputs.entries())
      answers.set(output, await readOutput(placement, output, results[index]));
    release();
    return model.outputs.flatMap((output): Outputs => {
      const answer = answers.get(output);
      return answer ? [[output.info.name, answer]] : [];
    });
  } catch (cause) {
    const errors = runtime.takeErrors();
    // Nothing can be given back to a module that has broken down.
    if (!hasAborted(cause)) {
      runtime.unwind();
      release();
    }
    throw toComputeError(cause, errors);
  }
}

/** The elements of an input as LiteRT has them. The engine lets a tensor of any shape pass for one without axes. */
function elementsOf({ info, elementType }: ModelTensor, value: TensorValue | undefined): Uint8Array {
  const isOfShape = value && String(value.dimensions) === String(info.shape);
  if (isOfShape) return toElements(info.name, elementType, value.data);
  const given = value ? `the shape [${value.dimensions.join(', ')}]` : 'nothing';
  const text = `compute: input ${quote(info.name)} expects ${describeInfo(info)}, but ${given} came`;
  throw new WasiNNError('invalid-argument', text);
}

/** Copies an input to where the model's accelerator takes it from. */
function placeInput(
  { runtime, gpuDevice }: Placement,
  { compiled, litertModel }: CompiledModel,
  signature: number,
  index: number,
  elements: Uint8Array,
): PlacedBuffer {
  const { litert } = runtime;
  const { HOST_MEMORY } = litert.LiteRtTensorBufferType;
  const type = litertModel.getInputTensorType(signature, index);
  try {
    const expected = type.bytes();
    if (expected !== elements.byteLength)
      throw new Error(`input ${index} has ${expected} bytes in LiteRT.js, but ${elements.byteLength} came`);
    if (gpuDevice && !takesHostMemory(compiled, signature, index, HOST_MEMORY.value))
      return placeOnGPU(runtime, gpuDevice, type, elements);
    const environment = runtime.environment(gpuDevice ?? null);
    const buffer = litert.LiteRtTensorBuffer.createManaged(environment, HOST_MEMORY, type, expected);
    const pointer = buffer.lock(litert.LiteRtTensorBufferLockMode.WRITE);
    runtime.heap().set(elements, pointer);
    buffer.unlock();
    return { buffer, release: () => buffer.delete() };
  } finally {
    type.delete();
  }
}

function takesHostMemory(compiled: LiteRtCompiledModel, signature: number, index: number, host: number): boolean {
  const requirements = compiled.getInputBufferRequirements(signature, index);
  const types = take(requirements.supportedTypes());
  requirements.delete();
  return types.some(({ value }) => value === host);
}

async function readOutput(
  { runtime, gpuDevice }: Placement,
  { info, elementType }: ModelTensor,
  buffer: LiteRtTensorBuffer | undefined,
): Promise<TensorValue> {
  if (!buffer) throw new Error(`there is no output ${quote(info.name)}`);
  const elements =
    gpuDevice && buffer.isWebGpuMemory()
      ? await readFromGPU(runtime, gpuDevice, buffer)
      : readFromHost(runtime, buffer);
  const data = fromElements(elementType, elements);
  const expected = byteLengthOf(info.type, info.shape);
  if (data.byteLength === expected) return { type: info.type, dimensions: info.shape, data };
  throw new Error(
    `output ${quote(info.name)} has ${data.byteLength} bytes, not the ${expected} of ${describeInfo(info)}`,
  );
}

function readFromHost({ litert, heap }: Runtime, buffer: LiteRtTensorBuffer): Uint8Array<ArrayBuffer> {
  const start = buffer.lock(litert.LiteRtTensorBufferLockMode.READ) + buffer.offset();
  const elements = new Uint8Array(heap().slice(start, start + buffer.packedSize()));
  buffer.unlock();
  return elements;
}
