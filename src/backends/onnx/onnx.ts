import type { InferenceSession } from 'onnxruntime-web';
import { messageOf, WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { NamedTensor, TensorValue } from '../../standard/tensor.js';
import type { Backend, BackendGraph, Caller, FallbackStep, LoadOptions } from '../backend.js';
import { isFatal, toComputeError, toLoadError, unavailable } from './errors.js';
import { assignParts, type OnnxParts } from './external-data.js';
import { heapBytes } from './heaps.js';
import { type Candidate, candidatesFor, giveUp, type Placement, type ProviderOptions } from './providers.js';
import type { Runtime } from './runtimes.js';
import { canBeShaped, createShapedSessions, type Lengths, type ShapedSessions } from './shaped-sessions.js';
import { fromOnnxTensor, toOnnxTensor, toTensorInfo } from './tensors.js';
import { disagreement, madeUpInputs } from './try-out.js';
import { countGraphsBuilt } from './webnn.js';

/** The backend for ONNX (and ONNX Runtime's own .ort) models, on onnxruntime-web. */
export function createOnnxBackend(options: ProviderOptions): Backend {
  return {
    name: 'onnxruntime-web',
    encodings: ['onnx'],
    heapBytes,
    async load(parts, loadOptions, caller) {
      const order = { parts: assignParts(parts), loadOptions, caller, options };
      const first = await choose(order, candidatesFor(loadOptions.target, loadOptions.fallback ?? true));
      return createGraph(first, options, first.rest.length > 0 ? order : undefined);
    },
  };
}

/** onnxruntime warns of every operator that an accelerator leaves to the CPU; the page is told by events instead. */
const errorsOnly = 3;

/** What a graph is made from, and how. */
interface Order {
  readonly parts: OnnxParts;
  readonly loadOptions: LoadOptions;
  readonly caller: Caller;
  readonly options: ProviderOptions;
}

/** A session, why those before it do not serve, and what is left to be tried where it fails. */
interface Choice {
  readonly placement: Placement;
  readonly session: InferenceSession;
  /** Those that compute in its place, where each shape of the inputs needs one of its own. */
  readonly shaped?: ShapedSessions;
  readonly steps: readonly FallbackStep[];
  readonly rest: readonly Candidate[];
}

/** Tries each device in turn until one takes the model, and keeps the reasons of those that did not. */
async function choose(
  order: Order,
  allowed: readonly Candidate[],
  earlier: readonly FallbackStep[] = [],
): Promise<Choice> {
  const steps = [...earlier];
  const failures: WasiNNError[] = [];
  for (const [index, candidate] of allowed.entries()) {
    const rest = allowed.slice(index + 1);
    try {
      const choice = { ...(await createOn(candidate, order, rest.length === 0)), steps, rest };
      await tryOut(choice, order);
      return choice;
    } catch (cause) {
      const error = toLoadError(cause, order.parts);
      // Bytes that are no model are none on any device.
      if (error.code === 'invalid-encoding' || candidate.provider === 'wasm') throw error;
      failures.push(error);
      steps.push(toStep(candidate, cause));
    }
  }
  throw noneServes(order.loadOptions.target, steps, failures);
}

/** Runs a session once while it is loaded, where that is wished, and gives it back where that fails. */
async function tryOut(choice: Choice, order: Order): Promise<void> {
  const { warmup = false, verify = false } = order.loadOptions;
  const inputs = warmup || verify ? madeUpInputs(choice.session.inputMetadata.map(toTensorInfo)) : undefined;
  if (!inputs) return;
  try {
    const outputs = await runOn(choice, inputs, order.caller, order.options, choice.rest.length > 0);
    if (!verify || choice.placement.device.provider === 'wasm') return;
    const difference = disagreement(outputs, await expectedOutputs(order, inputs));
    if (difference) throw new Error(`it computes other numbers than WebAssembly: ${difference}`);
  } catch (cause) {
    await release(choice);
    throw cause;
  }
}

/** What WebAssembly computes: not fast, but right. */
async function expectedOutputs(order: Order, inputs: ReadonlyMap<string, TensorValue>): Promise<NamedTensor[]> {
  const [wasm] = candidatesFor('cpu', false);
  if (!wasm) return [];
  const reference = { ...(await createOn(wasm, order, true)), steps: [], rest: [] };
  try {
    return await runOn(reference, inputs, order.caller, order.options);
  } finally {
    await release(reference);
  }
}

function toStep({ provider, target }: Pick<Candidate, 'provider' | 'target'>, cause: unknown): FallbackStep {
  return { provider, target, reason: messageOf(cause) };
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
  { parts: { model, externalData }, loadOptions, caller, options }: Order,
  isLast: boolean,
): Promise<Pick<Choice, 'placement' | 'session' | 'shaped'>> {
  const { freeDimensions = {}, graphOptimization = 'all' } = loadOptions;
  const placing = candidate.place(options);
  const placement = await (candidate.provider === 'wasm' ? placing : placing.catch(unavailable));
  const { runtime } = placement;
  const { ort, queue } = runtime;
  if (runtime.fault !== undefined) throw await brokenBefore(runtime, runtime.fault, options, isLast);
  const create = (lengths: Lengths = {}) =>
    ort.InferenceSession.create(model, {
      executionProviders: [placement.executionProvider],
      externalData,
      freeDimensionOverrides: { ...freeDimensions, ...lengths },
      graphOptimizationLevel: graphOptimization,
      logSeverityLevel: errorsOnly,
    });
  try {
    const made = await queue(
      candidate.provider === 'webnn' ? () => createWithWebNN(create) : async () => ({ session: await create() }),
      caller,
    );
    runtime.sessions++;
    return { placement, ...made };
  } catch (cause) {
    if (isFatal(cause)) {
      runtime.fault ??= messageOf(cause);
      // Where something else can take the model, it need not wait for another engine.
      if (isLast || runtime.sessions > 0) giveUp(runtime, runtime.fault, options);
    }
    throw cause;
  }
}

/**
 * WebNN needs all shapes fixed: for a model that leaves some open, a session is made for each shape that comes.
 *
 * @throws Error where WebNN takes nothing of the model, which onnxruntime reports as success
 */
async function createWithWebNN(
  create: (lengths?: Lengths) => Promise<InferenceSession>,
): Promise<Pick<Choice, 'session' | 'shaped'>> {
  const [session, graphsBuilt] = await countGraphsBuilt(create);
  if (graphsBuilt > 0) return { session };
  const inputs = session.inputMetadata.map(toTensorInfo);
  if (canBeShaped(inputs)) return { session, shaped: createShapedSessions(inputs, createFixed, session) };
  await session.release();
  throw takesNothing();

  async function createFixed(lengths: Lengths): Promise<InferenceSession> {
    const [fixed, built] = await countGraphsBuilt(() => create(lengths));
    if (built > 0) return fixed;
    await fixed.release();
    throw takesNothing();
  }
}

function takesNothing(): Error {
  return new Error('WebNN takes no operator of this model: it needs fixed shapes (freeDimensions fixes open ones)');
}

/** The error of a module that broke down earlier. Where nothing else can serve, the call waits for another engine. */
async function brokenBefore(
  runtime: Runtime,
  fault: string,
  options: ProviderOptions,
  isLast: boolean,
): Promise<WasiNNError> {
  if (isLast && options.onBroken) {
    giveUp(runtime, fault, options);
    return new Promise(() => undefined);
  }
  return new WasiNNError('runtime-error', `onnxruntime has broken down: ${fault}`);
}

/** @param spare the model, kept until a first run has succeeded: a device may take a model that it cannot run */
function createGraph(first: Choice, options: ProviderOptions, spare: Order | undefined): BackendGraph {
  let current = first;

  /** Runs on what is left to be tried, one after another, and stays where that succeeds. */
  async function move(
    { parts, loadOptions }: Order,
    cause: unknown,
    inputs: ReadonlyMap<string, TensorValue>,
    caller: Caller,
  ): Promise<NamedTensor[]> {
    const failed = current;
    let { rest } = failed;
    let steps = [...failed.steps, toStep(failed.placement.device, cause)];
    for (;;) {
      const next = await choose({ parts, loadOptions, options, caller }, rest, steps);
      try {
        const outputs = await runOn(next, inputs, caller, options, next.rest.length > 0);
        current = next;
        await release(failed);
        loadOptions.onMove?.(next.steps, next.placement.device);
        return outputs;
      } catch (failure) {
        await release(next);
        // It is not the device then, but what is computed.
        if (next.rest.length === 0) throw cause;
        rest = next.rest;
        steps = [...next.steps, toStep(next.placement.device, failure)];
      }
    }
  }

  return {
    inputs: first.session.inputMetadata.map(toTensorInfo),
    outputs: first.session.outputMetadata.map(toTensorInfo),
    get device() {
      return current.placement.device;
    },
    fallback: first.steps,
    async compute(inputs, caller) {
      const mayMove = spare;
      try {
        const outputs = await runOn(current, inputs, caller, options, mayMove !== undefined);
        spare = undefined;
        return outputs;
      } catch (cause) {
        if (!mayMove || spare !== mayMove) throw cause;
        spare = undefined;
        return move(mayMove, cause, inputs, caller);
      }
    },
    dispose: () => release(current),
  };
}

/** @param isReplaceable whether something else can take over, so that the module may stay broken if nobody else needs it */
function runOn(
  { placement: { runtime }, session, shaped }: Choice,
  inputs: ReadonlyMap<string, TensorValue>,
  caller: Caller,
  options: ProviderOptions,
  isReplaceable = false,
): Promise<NamedTensor[]> {
  return runtime.queue(async () => {
    try {
      return await run(runtime, (await shaped?.sessionFor(inputs)) ?? session, inputs);
    } catch (cause) {
      if (isFatal(cause)) {
        runtime.fault ??= messageOf(cause);
        if (!isReplaceable || runtime.sessions > 1) giveUp(runtime, runtime.fault, options);
      }
      throw cause;
    }
  }, caller);
}

/** A session of a module that is broken went with it. */
async function release({ placement: { runtime }, session, shaped }: Choice): Promise<void> {
  runtime.sessions--;
  if (runtime.fault !== undefined) return;
  await runtime.queue(async () => {
    await shaped?.release();
    await session.release();
  });
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
