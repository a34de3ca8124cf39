import type { InferenceSession } from 'onnxruntime-web';
import { messageOf, WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { NamedTensor, TensorValue } from '../../standard/tensor.js';
import type { Backend, BackendGraph, Caller, FallbackStep, LoadOptions } from '../backend.js';
import { toComputeError, toLoadError, unavailable } from './errors.js';
import { assignParts, type OnnxParts } from './external-data.js';
import { type Candidate, candidatesFor, type Placement, type ProviderOptions } from './providers.js';
import type { Runtime } from './runtimes.js';
import { fromOnnxTensor, toOnnxTensor, toTensorInfo } from './tensors.js';
import { countGraphsBuilt } from './webnn.js';

/** The backend for ONNX (and ONNX Runtime's own .ort) models, on onnxruntime-web. */
export function createOnnxBackend(options: ProviderOptions): Backend {
  return {
    name: 'onnxruntime-web',
    encodings: ['onnx'],
    load: (parts, loadOptions, caller) => load(assignParts(parts), loadOptions, caller, options),
  };
}

/** onnxruntime warns of every operator that an accelerator leaves to the CPU; the page is told by events instead. */
const errorsOnly = 3;

/** Tries each device that may serve in turn until one takes the model, and keeps the reasons of those that did not. */
async function load(
  parts: OnnxParts,
  loadOptions: LoadOptions,
  caller: Caller,
  options: ProviderOptions,
): Promise<BackendGraph> {
  const { target, fallback: policy = true } = loadOptions;
  const fallback: FallbackStep[] = [];
  const failures: WasiNNError[] = [];
  for (const candidate of candidatesFor(target, policy)) {
    try {
      const { placement, session } = await createOn(candidate, parts, loadOptions, caller, options);
      return createGraph(placement, session, fallback);
    } catch (cause) {
      const error = toLoadError(cause, parts);
      // Bytes that are no model are none on any device.
      if (error.code === 'invalid-encoding' || candidate.provider === 'wasm') throw error;
      failures.push(error);
      fallback.push({ provider: candidate.provider, target: candidate.target, reason: messageOf(cause) });
    }
  }
  throw noneServes(target, fallback, failures);
}

/** Where a page lets a graph fall back to nothing that works, the code of what was asked for says why. */
function noneServes(
  target: ExecutionTarget,
  steps: readonly FallbackStep[],
  failures: readonly WasiNNError[],
): WasiNNError {
  const reasons = steps.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
  const code = failures.find(({ code }) => code === 'security')?.code ?? failures[0]?.code ?? 'unsupported-operation';
  const text = `load: nothing that the page allows serves the execution target "${target}" (${reasons || 'it allows nothing'})`;
  return new WasiNNError(code, text);
}

async function createOn(
  candidate: Candidate,
  { model, externalData }: OnnxParts,
  { freeDimensions = {}, graphOptimization = 'all' }: LoadOptions,
  caller: Caller,
  options: ProviderOptions,
): Promise<{ placement: Placement; session: InferenceSession }> {
  const placing = candidate.place(options);
  const placement = await (candidate.provider === 'wasm' ? placing : placing.catch(unavailable));
  const { ort, queue } = placement.runtime;
  const create = () =>
    ort.InferenceSession.create(model, {
      executionProviders: [placement.executionProvider],
      externalData,
      freeDimensionOverrides: freeDimensions,
      graphOptimizationLevel: graphOptimization,
      logSeverityLevel: errorsOnly,
    });
  if (candidate.provider !== 'webnn') return { placement, session: await queue(create, caller) };

  const [session, graphsBuilt] = await queue(() => countGraphsBuilt(create), caller);
  if (graphsBuilt > 0) return { placement, session };
  await queue(() => session.release());
  throw new Error('WebNN takes no operator of this model: it needs fixed shapes (freeDimensions fixes open ones)');
}

function createGraph(
  { device, runtime }: Placement,
  session: InferenceSession,
  fallback: readonly FallbackStep[],
): BackendGraph {
  const outputs = session.outputMetadata.map(toTensorInfo);
  return {
    inputs: session.inputMetadata.map(toTensorInfo),
    outputs,
    device,
    fallback,
    compute: (inputs, caller) => runtime.queue(() => run(runtime, session, inputs), caller),
    dispose: () => runtime.queue(() => session.release()),
  };
}

async function run(
  { ort }: Runtime,
  session: InferenceSession,
  inputs: ReadonlyMap<string, TensorValue>,
): Promise<NamedTensor[]> {
  const feeds: Record<string, InstanceType<typeof ort.Tensor>> = {};
  for (const [name, value] of inputs) feeds[name] = toOnnxTensor(ort.Tensor, name, value);
  try {
    const results = await session.run(feeds);
    return session.outputNames.map((name) => {
      const tensor = results[name];
      if (!tensor) throw new WasiNNError('runtime-error', `compute: onnxruntime returned no output "${name}"`);
      return [name, fromOnnxTensor(name, tensor)];
    });
  } catch (cause) {
    throw toComputeError(cause);
  }
}
