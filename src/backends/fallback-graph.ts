import { messageOf, WasiNNError } from '../standard/error.js';
import type { NamedTensor, TensorInfo, TensorValue } from '../standard/tensor.js';
import type { BackendGraph, Caller, Device, FallbackPolicy, FallbackStep, LoadOptions } from './backend.js';
import { type ComputedTensor, fetchAll, type NamedComputedTensor } from './device-tensor.js';
import { disagreement, madeUpInputs } from './try-out.js';

/** Tensors by their names: their bytes, or where they have stayed. */
export type Inputs = ReadonlyMap<string, ComputedTensor>;
export type Outputs = NamedComputedTensor[];

/** A model on one device. */
export interface Session {
  readonly device: Device;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Computes once.
   *
   * @param isReplaceable whether another candidate can take over, so that a broken runtime need not be replaced for it
   */
  run(inputs: Inputs, caller: Caller, isReplaceable?: boolean): Promise<Outputs>;
  /** Called once. Tensors that have stayed on the device are copied to memory. */
  release(): Promise<void>;
}

/** One way to run a model. */
export interface SessionCandidate extends Pick<Device, 'provider' | 'target'> {
  /**
   * Makes a session.
   *
   * @param isLast whether no candidate is left after this one
   * @throws what the browser or the runtime throws, saying why it cannot be
   */
  open(caller: Caller, isLast: boolean): Promise<Session>;
}

export interface FallbackGraphOptions {
  /** In the order in which they are tried. */
  readonly candidates: readonly SessionCandidate[];
  /** The candidate whose numbers are taken for right (`verify`): WebAssembly. Without one, nothing is compared. */
  readonly reference: SessionCandidate | undefined;
  readonly loadOptions: LoadOptions;
  readonly caller: Caller;
  /** Makes one of the standard's errors of what `open` or `run` throws while the graph is loaded. */
  toLoadError(cause: unknown): WasiNNError;
}

/** The candidates that a policy allows, out of all for a target. The first is what was asked for. */
export function allowedCandidates<Candidate extends Pick<Device, 'provider'>>(
  chain: readonly Candidate[],
  policy: FallbackPolicy,
): readonly Candidate[] {
  if (policy === true) return chain;
  if (policy === false) return chain.slice(0, 1);
  return chain.filter(({ provider }, index) => index === 0 || policy.includes(provider));
}

/**
 * Makes a graph that runs on the first candidate that takes the model. It goes on to the next where the first computation
 * fails.
 *
 * @throws WasiNNError where no candidate takes the model
 */
export async function createFallbackGraph(options: FallbackGraphOptions): Promise<BackendGraph> {
  const first = await choose(options, options.candidates);
  return createGraph(first, first.rest.length > 0 ? options : undefined);
}

/** A session, why the candidates before it do not serve, and those that are left where it fails. */
interface Choice {
  readonly session: Session;
  readonly steps: readonly FallbackStep[];
  readonly rest: readonly SessionCandidate[];
}

/** Tries each candidate in turn until one takes the model, and keeps the reasons of those that did not. */
async function choose(
  options: FallbackGraphOptions,
  candidates: readonly SessionCandidate[],
  earlier: readonly FallbackStep[] = [],
): Promise<Choice> {
  const steps = [...earlier];
  const failures: WasiNNError[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const rest = candidates.slice(index + 1);
    try {
      const choice = { session: await candidate.open(options.caller, rest.length === 0), steps, rest };
      await tryOut(choice, options);
      return choice;
    } catch (cause) {
      const error = options.toLoadError(cause);
      // WebAssembly has all operators: what it cannot read is no model. Other builds lack some, such as those of ai.onnx.ml.
      if (candidate.provider === 'wasm') throw error;
      failures.push(error);
      steps.push(toStep(candidate, cause));
    }
  }
  throw noneServes(options.loadOptions.target, steps, failures);
}

/** Runs a session once while it is loaded, where the options ask for it, and releases it where that fails. */
async function tryOut({ session, rest }: Choice, options: FallbackGraphOptions): Promise<void> {
  const { caller, loadOptions } = options;
  const { warmup = false, verify = false } = loadOptions;
  const inputs = warmup || verify ? madeUpInputs(session.inputs) : undefined;
  if (!inputs) return;
  try {
    const outputs = await fetchAll(await session.run(inputs, caller, rest.length > 0), caller);
    if (!verify || session.device.provider === 'wasm') return;
    const difference = disagreement(outputs, await expectedOutputs(options, inputs));
    if (difference) throw new Error(`it computes other numbers than WebAssembly: ${difference}`);
  } catch (cause) {
    await session.release();
    throw cause;
  }
}

/** What WebAssembly computes: not fast, but right. */
async function expectedOutputs(
  { reference, caller }: FallbackGraphOptions,
  inputs: ReadonlyMap<string, TensorValue>,
): Promise<NamedTensor[]> {
  if (!reference) return [];
  const session = await reference.open(caller, true);
  try {
    return await fetchAll(await session.run(inputs, caller), caller);
  } finally {
    await session.release();
  }
}

function toStep({ provider, target }: Pick<Device, 'provider' | 'target'>, cause: unknown): FallbackStep {
  return { provider, target, reason: messageOf(cause) };
}

/** Where a page lets a graph fall back to nothing that works, the code of what was asked for says why. */
function noneServes(
  target: LoadOptions['target'],
  steps: readonly FallbackStep[],
  failures: readonly WasiNNError[],
): WasiNNError {
  const reasons = steps.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ');
  const code = failures.find(({ code }) => code === 'security')?.code ?? failures[0]?.code ?? 'unsupported-operation';
  const text = `load: nothing that the page allows serves the execution target "${target}" (${reasons || 'it allows nothing'})`;
  return new WasiNNError(code, text);
}

/** @param spare the candidates' options, kept until a first run has succeeded: a device may take a model that it cannot run */
function createGraph(first: Choice, spare: FallbackGraphOptions | undefined): BackendGraph {
  let current = first;

  /** Runs on the candidates that are left, one after another, and stays where that succeeds. */
  async function move(options: FallbackGraphOptions, cause: unknown, inputs: Inputs, caller: Caller): Promise<Outputs> {
    const failed = current;
    let { rest } = failed;
    let steps = [...failed.steps, toStep(failed.session.device, cause)];
    for (;;) {
      const next = await choose({ ...options, caller }, rest, steps);
      try {
        const outputs = await next.session.run(inputs, caller, next.rest.length > 0);
        current = next;
        await failed.session.release();
        options.loadOptions.onMove?.(next.steps, next.session.device);
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
      // The candidates hold the model's bytes.
      if (spare) current = { ...current, rest: [] };
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
