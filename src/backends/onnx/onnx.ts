import { messageOf, WasiNNError } from '../../standard/error.js';
import type { ExecutionTarget } from '../../standard/graph.js';
import type { NamedTensor, TensorValue } from '../../standard/tensor.js';
import type { Backend, BackendGraph, Caller, FallbackStep } from '../backend.js';
import { fetchAll } from '../device-tensor.js';
import { toLoadError } from './errors.js';
import { assignParts } from './external-data.js';
import { heapBytes } from './heaps.js';
import { type Inputs, type Order, type Outputs, type PlacedSession, placeSession } from './placed-session.js';
import { type Candidate, candidatesFor, type ProviderOptions } from './providers.js';
import { disagreement, madeUpInputs } from './try-out.js';

/** The backend for ONNX (and ONNX Runtime's own .ort) models, on onnxruntime-web. */
export function createOnnxBackend(options: ProviderOptions): Backend {
  return {
    name: 'onnxruntime-web',
    encodings: ['onnx'],
    heapBytes,
    async load(parts, loadOptions, caller) {
      const order = { parts: assignParts(parts), loadOptions, caller, options };
      const first = await choose(order, candidatesFor(loadOptions.target, loadOptions.fallback ?? true));
      return createGraph(first, first.rest.length > 0 ? order : undefined);
    },
  };
}

/** A session, why those before it do not serve, and what is left to be tried where it fails. */
interface Choice {
  readonly session: PlacedSession;
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
      const choice = { session: await placeSession(candidate, order, rest.length === 0), steps, rest };
      await tryOut(choice, order);
      return choice;
    } catch (cause) {
      const error = toLoadError(cause, order.parts);
      // WebAssembly has all operators: what it cannot read is no model. The other builds lack some, such as those of ai.onnx.ml.
      if (candidate.provider === 'wasm') throw error;
      failures.push(error);
      steps.push(toStep(candidate, cause));
    }
  }
  throw noneServes(order.loadOptions.target, steps, failures);
}

/** Runs a session once while it is loaded, where that is wished, and gives it back where that fails. */
async function tryOut({ session, rest }: Choice, order: Order): Promise<void> {
  const { warmup = false, verify = false } = order.loadOptions;
  const inputs = warmup || verify ? madeUpInputs(session.inputs) : undefined;
  if (!inputs) return;
  try {
    const outputs = await fetchAll(await session.run(inputs, order.caller, rest.length > 0), order.caller);
    if (!verify || session.device.provider === 'wasm') return;
    const difference = disagreement(outputs, await expectedOutputs(order, inputs));
    if (difference) throw new Error(`it computes other numbers than WebAssembly: ${difference}`);
  } catch (cause) {
    await session.release();
    throw cause;
  }
}

/** What WebAssembly computes: not fast, but right. */
async function expectedOutputs(order: Order, inputs: ReadonlyMap<string, TensorValue>): Promise<NamedTensor[]> {
  const [wasm] = candidatesFor('cpu', false);
  if (!wasm) return [];
  const reference = await placeSession(wasm, order, true);
  try {
    return await fetchAll(await reference.run(inputs, order.caller), order.caller);
  } finally {
    await reference.release();
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

/** @param spare the model, kept until a first run has succeeded: a device may take a model that it cannot run */
function createGraph(first: Choice, spare: Order | undefined): BackendGraph {
  let current = first;

  /** Runs on what is left to be tried, one after another, and stays where that succeeds. */
  async function move(order: Order, cause: unknown, inputs: Inputs, caller: Caller): Promise<Outputs> {
    const failed = current;
    let { rest } = failed;
    let steps = [...failed.steps, toStep(failed.session.device, cause)];
    for (;;) {
      const next = await choose({ ...order, caller }, rest, steps);
      try {
        const outputs = await next.session.run(inputs, caller, next.rest.length > 0);
        current = next;
        await failed.session.release();
        order.loadOptions.onMove?.(next.steps, next.session.device);
        return outputs;
      } catch (failure) {
        await next.session.release();
        // It is not the device then, but what is computed.
        if (next.rest.length === 0) throw cause;
        rest = next.rest;
        steps = [...next.steps, toStep(next.session.device, failure)];
      }
    }
  }

  async function compute(inputs: Inputs, caller: Caller): Promise<Outputs> {
    const mayMove = spare;
    try {
      const outputs = await current.session.run(inputs, caller, mayMove !== undefined);
      spare = undefined;
      return outputs;
    } catch (cause) {
      if (!mayMove || spare !== mayMove) throw cause;
      spare = undefined;
      return move(mayMove, cause, inputs, caller);
    }
  }

  return {
    inputs: first.session.inputs,
    outputs: first.session.outputs,
    get device() {
      return current.session.device;
    },
    fallback: first.steps,
    compute: async (inputs, caller) => fetchAll(await compute(inputs, caller), caller),
    computeOnDevice: compute,
    dispose: () => current.session.release(),
  };
}
