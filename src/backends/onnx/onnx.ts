import type { InferenceSession } from 'onnxruntime-web';
import { type ErrorCode, messageOf, toWasiNNError, WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import type { NamedTensor, TensorValue } from '../../standard/tensor.js';
import type { Backend, BackendGraph, FallbackStep, LoadOptions } from '../backend.js';
import { type Candidate, candidates, type Placement, type ProviderOptions } from './providers.js';
import type { Runtime } from './runtimes.js';
import { fromOnnxTensor, toOnnxTensor, toTensorInfo } from './tensors.js';
import { countGraphsBuilt } from './webnn.js';

/** The backend for ONNX (and ONNX Runtime's own .ort) models, on onnxruntime-web. */
export function createOnnxBackend(options: ProviderOptions): Backend {
  return {
    name: 'onnxruntime-web',
    encodings: ['onnx'],
    load: (parts, loadOptions) => load(singlePart(parts), loadOptions, options),
  };
}

/** onnxruntime warns of every operator that an accelerator leaves to the CPU; the page is told by events instead. */
const errorsOnly = 3;

function singlePart(parts: readonly GraphBuilder[]): GraphBuilder {
  const [model] = parts;
  if (!model || parts.length > 1) {
    throw new WasiNNError(
      'invalid-argument',
      `load: an ONNX model is 1 part (the .onnx file), but ${parts.length} came`,
    );
  }
  return model;
}

/** Tries each device in turn until one takes the model, and keeps the reasons of those that did not. */
async function load(model: GraphBuilder, loadOptions: LoadOptions, options: ProviderOptions): Promise<BackendGraph> {
  const fallback: FallbackStep[] = [];
  for (const candidate of candidates[loadOptions.target]) {
    try {
      const { placement, session } = await createOn(candidate, model, loadOptions, options);
      return createGraph(placement, session, fallback);
    } catch (cause) {
      const error = toLoadError(cause);
      // Bytes that are no model are none on any device.
      if (error.code === 'invalid-encoding' || candidate.provider === 'wasm') throw error;
      fallback.push({ provider: candidate.provider, target: candidate.target, reason: messageOf(cause) });
    }
  }
  throw new WasiNNError('unsupported-operation', `load: no device serves the execution target "${loadOptions.target}"`);
}

async function createOn(
  candidate: Candidate,
  model: GraphBuilder,
  { freeDimensions = {} }: LoadOptions,
  options: ProviderOptions,
): Promise<{ placement: Placement; session: InferenceSession }> {
  const placement = await candidate.place(options);
  const { ort, queue } = placement.runtime;
  const create = () =>
    ort.InferenceSession.create(model, {
      executionProviders: [placement.executionProvider],
      freeDimensionOverrides: freeDimensions,
      logSeverityLevel: errorsOnly,
    });
  if (candidate.provider !== 'webnn') return { placement, session: await queue(create) };

  const [session, graphsBuilt] = await queue(() => countGraphsBuilt(create));
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
    compute: (inputs) => runtime.queue(() => run(runtime, session, inputs)),
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
    throw toWasiNNError(cause, 'compute: onnxruntime failed', statusCode(cause, runCodes));
  }
}

/** onnxruntime's status codes (`OrtErrorCode`), as far as they say more than that something failed. */
const loadCodes: ReadonlyMap<number, ErrorCode> = new Map([
  [2, 'invalid-encoding'],
  [7, 'invalid-encoding'],
  [9, 'unsupported-operation'],
  [10, 'invalid-encoding'],
]);

const runCodes: ReadonlyMap<number, ErrorCode> = new Map([
  [2, 'invalid-argument'],
  [9, 'unsupported-operation'],
]);

function toLoadError(cause: unknown): WasiNNError {
  return toWasiNNError(cause, 'load: onnxruntime cannot load the model', statusCode(cause, loadCodes));
}

function statusCode(cause: unknown, codes: ReadonlyMap<number, ErrorCode>): ErrorCode {
  const status = /ERROR_CODE: (\d+)/.exec(messageOf(cause))?.[1];
  return codes.get(Number(status)) ?? 'runtime-error';
}
