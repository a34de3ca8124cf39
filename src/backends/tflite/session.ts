import { quote, WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import type { TensorValue } from '../../standard/tensor.js';
import { fetchValue } from '../device-tensor.js';
import { guard, hasAborted, type ProviderOptions } from '../runtime-module.js';
import type { Inputs, Session } from '../session.js';
import { type CompiledModel, compute } from './compute.js';
import { toLoadError } from './errors.js';
import { damaged } from './flatbuffer.js';
import { type LiteRtModel, take } from './litert-module.js';
import type { ModelDescription, ModelTensor } from './model.js';
import type { Placement } from './placement.js';

export interface SessionRequest {
  readonly bytes: GraphBuilder;
  readonly model: ModelDescription;
  readonly options: ProviderOptions;
  /** Whether nothing is left to be tried where this fails. */
  readonly isLast: boolean;
}

interface Loaded extends CompiledModel {
  release(): void;
}

/**
 * Makes a session.
 *
 * @throws WasiNNError `invalid-encoding` for a model that LiteRT does not take, `unsupported-operation` for operators that
 *   it does not have, `too-large` where the module's memory is used up
 */
export async function openSession(placement: Placement, request: SessionRequest): Promise<Session> {
  const { model, options, isLast } = request;
  const make = () => load(placement, request);
  const loaded = await guard(placement.runtime, options, make, isLast);
  return toSession(placement, model, loaded, options);
}

/** A function of its own, so that the session does not keep the model's bytes. */
function toSession(placement: Placement, model: ModelDescription, loaded: Loaded, options: ProviderOptions): Session {
  const { runtime, device } = placement;
  return {
    device,
    inputs: model.inputs.map(({ info }) => info),
    outputs: model.outputs.map(({ info }) => info),
    async run(inputs) {
      const values = await fetchInputs(inputs);
      return guard(runtime, options, () => compute(placement, loaded, model, values));
    },
    async release() {
      // A session of a module that is broken went with it.
      if (runtime.breakdown.signal.aborted) return;
      await guard(runtime, options, async () => loaded.release());
    },
  };
}

async function load(placement: Placement, { bytes, model }: SessionRequest): Promise<Loaded> {
  const { runtime, accelerator, gpuDevice = null, webnnDevice } = placement;
  const { litert } = runtime;
  const environment = runtime.environment(gpuDevice);
  runtime.takeErrors();
  const pointer = litert._malloc(bytes.byteLength);
  if (pointer === 0) throw outOfMemory(bytes.byteLength);
  const undo = [() => litert._free(pointer)];
  const release = () => {
    for (const step of undo.toReversed()) step();
  };
  try {
    runtime.heap().set(bytes, pointer);
    const litertModel = litert.loadModel(environment, pointer, bytes.byteLength);
    undo.push(() => litertModel.delete());
    const compiled = await placement.compile(async () =>
      litert.compileModel(environment, litertModel, {
        accelerator,
        cpuOptions: { numThreads: runtime.threads },
        gpuOptions: { precision: 'fp32' },
        webNNOptions: { precision: 'fp32', ...(webnnDevice && { devicePreference: webnnDevice }) },
      }),
    );
    undo.push(() => compiled.delete());
    return { compiled, litertModel, release, ...inLiteRtOrder(litertModel, model) };
  } catch (cause) {
    const error = toLoadError(cause, runtime.takeErrors());
    if (!hasAborted(cause)) {
      runtime.unwind();
      release();
    }
    throw error;
  }
}

function outOfMemory(bytes: number): WasiNNError {
  return new WasiNNError('too-large', `LiteRT.js has no ${bytes} bytes left: its memory is 2 GiB; unload other graphs`);
}

/** LiteRT has the tensors of a signature in an order of its own, and says what they are called. */
function inLiteRtOrder(
  litertModel: LiteRtModel,
  { signature, inputs, outputs }: ModelDescription,
): Pick<CompiledModel, 'inputs' | 'outputs'> {
  const described = litertModel.getSignature(signature);
  const order = (names: readonly string[], tensors: readonly ModelTensor[]) => {
    const isSameOrder =
      names.length === tensors.length && tensors.every(({ keys }, index) => keys.includes(names[index] ?? ''));
    if (isSameOrder) return tensors;
    return names.map((name) => {
      const tensor = tensors.find(({ keys }) => keys.includes(name));
      if (tensor) return tensor;
      throw damaged(`LiteRT.js finds a tensor ${quote(name)} in it, which its graph does not have`);
    });
  };
  try {
    return {
      inputs: order(take(described.inputNames()), inputs),
      outputs: order(take(described.outputNames()), outputs),
    };
  } finally {
    described.delete();
  }
}

async function fetchInputs(inputs: Inputs): Promise<Map<string, TensorValue>> {
  const values = new Map<string, TensorValue>();
  for (const [name, tensor] of inputs) values.set(name, await fetchValue(tensor));
  return values;
}
