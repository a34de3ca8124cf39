import type { InferenceSession, Tensor } from 'onnxruntime-web';
import { quote, WasiNNError } from '../../standard/error.js';
import type { TensorInfo, TensorType } from '../../standard/tensor.js';
import type { LoadOptions } from '../backend.js';
import { type ComputedTensor, fetchValue, isDeviceTensor } from '../device-tensor.js';
import { guard, isFatal, type ProviderOptions, unavailable } from '../runtime-module.js';
import type { Inputs, Outputs, Session } from '../session.js';
import { countGraphsBuilt } from '../webnn.js';
import { toComputeError } from './errors.js';
import type { OnnxParts } from './external-data.js';
import type { Candidate, Placement, TensorLocation } from './providers.js';
import { restoreUploads } from './restore-uploads.js';
import { canBeShaped, createShapedSessions, type Lengths, type ShapedSessions } from './shaped-sessions.js';
import { untilStarted } from './start-runtime.js';
import { createWithDeviceOutputs, keep, releaseSession, tensorOn } from './tensor-location.js';
import { boolInputs, expectType, fromOnnxTensor, toOnnxTensor, toTensorInfo } from './tensors.js';
import { withTypeNames } from './type-names.js';

/** What a graph is made from, and how. */
export interface SessionRequest {
  readonly parts: OnnxParts;
  readonly loadOptions: LoadOptions;
  readonly options: ProviderOptions;
}

/** onnxruntime warns of every operator that an accelerator leaves to the CPU; events report this to the page instead. */
const errorsOnly = 3;

/**
 * Makes a session on a device.
 *
 * @param isLast whether nothing is left to be tried after it
 * @throws what the browser or onnxruntime throws, saying why it cannot be
 */
export async function openSession(candidate: Candidate, order: SessionRequest, isLast: boolean): Promise<Session> {
  const { options } = order;
  const placing = candidate.place(options);
  const placement = await (candidate.provider === 'wasm' ? placing : placing.catch(unavailable));
  await untilStarted(placement.runtime);
  const create = (lengths?: Lengths) => createSession(placement, order, lengths);
  const make =
    candidate.provider === 'webnn' ? () => createWithWebNN(create) : async () => ({ session: await create() });
  const made = await guard(placement.runtime, options, make, isLast);
  return toSession(placement, made, options);
}

/** A session, and those that compute in its place where each shape of the inputs needs one of its own. */
interface Sessions {
  readonly session: InferenceSession;
  readonly shaped?: ShapedSessions;
}

async function createSession(
  { device, runtime, executionProvider, tensorLocation }: Placement,
  { parts: { model, externalData }, loadOptions }: SessionRequest,
  lengths: Lengths = {},
): Promise<InferenceSession> {
  const { ort } = runtime;
  const { freeDimensions = {}, graphOptimization = 'all', outputs = 'bytes' } = loadOptions;
  const sessionOptions: InferenceSession.SessionOptions = {
    executionProviders: [executionProvider],
    externalData,
    freeDimensionOverrides: { ...freeDimensions, ...lengths },
    graphOptimizationLevel: graphOptimization,
    logSeverityLevel: errorsOnly,
  };
  try {
    if (outputs === 'bytes' || !tensorLocation) return await ort.InferenceSession.create(model, sessionOptions);
    return await createWithDeviceOutputs((preferredOutputLocation) => {
      return ort.InferenceSession.create(model, { ...sessionOptions, preferredOutputLocation });
    }, tensorLocation);
  } catch (cause) {
    if (device.provider === 'webnn' && !isFatal(cause)) await restoreUploads(runtime);
    throw withTypeNames(cause);
  }
}

/**
 * WebNN needs all shapes fixed: for a model that leaves some open, a session is made for each shape that comes.
 *
 * @throws Error where WebNN takes nothing of the model, which onnxruntime reports as success
 */
async function createWithWebNN(create: (lengths?: Lengths) => Promise<InferenceSession>): Promise<Sessions> {
  const [session, graphsBuilt] = await countGraphsBuilt(create);
  if (graphsBuilt > 0) return { session };
  const inputs = session.inputMetadata.map(toTensorInfo);
  if (canBeShaped(inputs))
    return { session, shaped: createShapedSessions(inputs, createFixed, releaseSession, session) };
  await session.release();
  throw takesNothing(inputs);

  async function createFixed(lengths: Lengths): Promise<InferenceSession> {
    const [fixed, built] = await countGraphsBuilt(() => create(lengths));
    if (built > 0) return fixed;
    await fixed.release();
    throw takesNothing([]);
  }
}

function takesNothing(inputs: readonly TensorInfo[]): Error {
  const isOpen = inputs.some(({ shape }) => shape.some((length) => typeof length !== 'number'));
  const advice = isOpen ? ': it needs fixed shapes (freeDimensions fixes open ones that have names)' : '';
  return new Error(`WebNN takes no operator of this model${advice}`);
}

function toSession(placement: Placement, { session, shaped }: Sessions, options: ProviderOptions): Session {
  const { device, runtime, tensorLocation } = placement;
  const bools = boolInputs(session.inputMetadata);

  async function run(inputs: Inputs): Promise<Outputs> {
    const chosen = (await shaped?.sessionFor(inputs)) ?? session;
    const toOutput = ([name, type, tensor]: Result): Outputs[number] => {
      if (!tensorLocation || tensor.location !== tensorLocation.location) return [name, fromOnnxTensor(name, tensor)];
      return [name, keep(tensor, { name, type, session: chosen, tensorLocation, runtime, options })];
    };
    try {
      // The model gives the names, and may give those of properties that every object has.
      const feeds: Record<string, Tensor> = Object.create(null);
      for (const [name, value] of inputs) {
        const feed = isDeviceTensor(value)
          ? tensorOn(tensorLocation, value)
          : toOnnxTensor(runtime.ort.Tensor, name, value, bools.has(name));
        if (feed) feeds[name] = feed;
      }
      return inOrder(session.outputNames, await chosen.run(feeds)).map(toOutput);
    } catch (cause) {
      throw toComputeError(cause);
    }
  }

  return {
    device,
    inputs: session.inputMetadata.map(toTensorInfo),
    outputs: session.outputMetadata.map(toTensorInfo),
    async run(inputs) {
      const isSomeFar = [...inputs.values()].some((tensor) => isFar(tensor, tensorLocation));
      const here = isSomeFar ? await fetchFar(inputs, tensorLocation) : inputs;
      return guard(runtime, options, () => run(here));
    },
    async release() {
      // A session of a module that is broken went with it.
      if (runtime.breakdown.signal.aborted) return;
      await shaped?.release();
      await releaseSession(session);
    },
  };
}

/** An output, and the name that wasi-nn has for its type. */
type Result = readonly [name: string, type: TensorType, tensor: Tensor];

/**
 * @throws WasiNNError `runtime-error` for an output that is missing, `unsupported-operation` for one of a type that
 *   wasi-nn cannot name; nothing is left on the device then
 */
function inOrder(names: readonly string[], results: Readonly<Record<string, Tensor>>): Result[] {
  try {
    return names.map((name) => {
      const tensor = Object.hasOwn(results, name) ? results[name] : undefined;
      if (!tensor) throw new WasiNNError('runtime-error', `compute: onnxruntime returned no output ${quote(name)}`);
      return [name, expectType(name, tensor), tensor];
    });
  } catch (cause) {
    for (const tensor of Object.values(results)) tensor.dispose();
    throw cause;
  }
}

/** Has the bytes of inputs come that have stayed on another device than the session's. */
async function fetchFar(inputs: Inputs, tensorLocation: TensorLocation | undefined): Promise<Inputs> {
  const here = new Map(inputs);
  for (const [name, tensor] of inputs) {
    if (isFar(tensor, tensorLocation)) here.set(name, await fetchValue(tensor));
  }
  return here;
}

function isFar(tensor: ComputedTensor, tensorLocation: TensorLocation | undefined): boolean {
  return isDeviceTensor(tensor) && !tensorOn(tensorLocation, tensor);
}
