import { messageOf, WasiNNError } from '../standard/error.js';
import type { Verify } from '../standard/graph.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { BackendGraph, Device, FallbackPolicy, FallbackStep, LoadOptions } from './backend.js';
import { findDifference, syntheticInputs } from './comparison.js';
import { discard, fetchAll, fetchValue } from './device-tensor.js';
import { createFirstUse, type FirstUse, isCheckedFirst, isCheckedOnLoad } from './first-use.js';
import { abortReporter, type ReportAbort } from './report-abort.js';
import { isFatal } from './runtime-module.js';
import type { Inputs, Outputs, Session, SessionCandidate } from './session.js';

/** Nothing but WebAssembly is left for a graph, and another thread is to run it. */
export class OnlyWasmLeftError extends Error {
  readonly steps: readonly FallbackStep[];

  constructor(steps: readonly FallbackStep[]) {
    super(`only WebAssembly is left: ${steps.map(({ provider, reason }) => `${provider}: ${reason}`).join('; ')}`);
    this.steps = steps;
  }
}

export interface FallbackGraphOptions {
  /** What the runtime is called in texts. */
  readonly runtime: string;
  /** In the order in which they are tried. */
  readonly candidates: readonly SessionCandidate[];
  /** The candidate whose numbers are taken for right (`verify`): WebAssembly. Without one, nothing is compared. */
  readonly reference: SessionCandidate | undefined;
  /** The length of the model's files together. */
  readonly modelBytes: number;
  readonly loadOptions: LoadOptions;
  /** When outputs are compared with the reference's, where `loadOptions` do not say so. Default `first`. */
  readonly verify: Verify | undefined;
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
 * fails, or, with inputs of shapes that it has not had, has another result than WebAssembly's.
 *
 * @throws WasiNNError where no candidate takes the model; OnlyWasmLeftError where another thread is to run it
 */
export async function createFallbackGraph(options: FallbackGraphOptions): Promise<BackendGraph> {
  const { reference, loadOptions, modelBytes } = options;
  const verify = loadOptions.verify ?? options.verify ?? 'first';
  const isChecked = isCheckedFirst(verify, modelBytes) && loadOptions.avoid?.wasm === undefined;
  const reportAbort = abortReporter(options.runtime, loadOptions.onAbort);
  const onFailure = (cause: unknown) => void reportAbort('wasm', 'comparing', cause);
  const firstUse = reference && isChecked ? createFirstUse(reference, verify, onFailure) : undefined;
  const checked = { ...options, verify, firstUse, reportAbort };
  const { tried, leavesWasm = false } = loadOptions;
  const { candidates } = options;
  const left = tried ? candidates.filter(({ provider }) => provider === 'wasm') : candidates;
  return createGraph(await choose(checked, left, tried, leavesWasm), checked);
}

interface Options extends FallbackGraphOptions {
  readonly verify: Verify;
  /** What is compared; nothing where the model is not to be verified. */
  readonly firstUse: FirstUse | undefined;
  readonly reportAbort: ReportAbort;
}

/** A session, why the candidates before it do not serve, and those that are left where it fails. */
interface Choice {
  readonly session: Session;
  readonly steps: readonly FallbackStep[];
  readonly rest: readonly SessionCandidate[];
}

/** Tries each candidate in turn until one takes the model, and keeps the reasons of those that did not. */
async function choose(
  options: Options,
  candidates: readonly SessionCandidate[],
  earlier: readonly FallbackStep[] = [],
  leavesWasm = false,
): Promise<Choice> {
  const steps = [...earlier];
  const failures: WasiNNError[] = [];
  const { avoid = {} } = options.loadOptions;
  for (const [index, candidate] of candidates.entries()) {
    const rest = candidates.slice(index + 1);
    const { provider } = candidate;
    if (provider === 'wasm' && leavesWasm && steps.length > 0) throw new OnlyWasmLeftError(steps);
    const avoided = provider === 'wasm' ? undefined : avoid[provider];
    try {
      if (avoided !== undefined) throw new WasiNNError('runtime-error', avoided);
      const choice = { session: await candidate.open(rest.length === 0), steps, rest };
      await tryOut(choice, options);
      return choice;
    } catch (cause) {
      const error = options.toLoadError(cause);
      // WebAssembly has all operators: what it cannot read is no model. Other builds lack some, such as those of ai.onnx.ml.
      if (provider === 'wasm' || options.reportAbort(provider, 'loading', cause)) throw error;
      failures.push(error);
      steps.push(toStep(candidate, cause));
    }
  }
  throw noneServes(options.loadOptions.target, steps, failures);
}

/**
 * Runs a session once on made-up inputs while it is loaded, where the options ask for it, and releases it where that
 * fails. Many a model takes no inputs that are made up: where WebAssembly does not take them either, that says nothing of
 * the session.
 */
async function tryOut({ session }: Choice, { loadOptions, verify, firstUse }: Options): Promise<void> {
  const { warmup = false } = loadOptions;
  const isCompared = isCheckedOnLoad(verify) && session.device.provider !== 'wasm';
  const inputs = warmup || isCompared ? syntheticInputs(session.inputs) : undefined;
  if (!inputs) return;
  try {
    const outputs = await session.run(inputs);
    const expected = isCompared ? await firstUse?.expected(inputs) : undefined;
    if (expected) await expectAgreement(outputs, expected);
    const shapes = expected && firstUse?.unchecked(inputs);
    if (shapes !== undefined) firstUse?.settle(shapes);
    await discard(outputs);
  } catch (cause) {
    const isClear = isFatal(cause) || cause instanceof WrongNumbers;
    const isOthers = async () => session.device.provider !== 'wasm' && (await firstUse?.expected(inputs)) !== undefined;
    if (!isClear && !(await isOthers())) return;
    await session.release();
    throw cause;
  }
}

/** A device computes, but something else than WebAssembly. */
class WrongNumbers extends Error {}

/** @throws WrongNumbers where the outputs are not those that were expected; they are discarded then */
async function expectAgreement(outputs: Outputs, expected: readonly NamedTensor[]): Promise<void> {
  const values: NamedTensor[] = [];
  for (const [name, tensor] of outputs) values.push([name, await fetchValue(tensor)]);
  const difference = findDifference(values, expected);
  if (!difference) return;
  await discard(outputs);
  throw new WrongNumbers(`it computes other numbers than WebAssembly: ${difference}`);
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

/** Computes on a session, and compares where that is still to be done. */
type Attempt = (session: Session) => Promise<Outputs>;

function createGraph(first: Choice, options: Options): BackendGraph {
  const isFixed = first.session.inputs.every(({ shape }) => shape.every((length) => typeof length === 'number'));
  let current = first;
  /** What is still to be checked; on WebAssembly nothing. */
  let firstUse = first.session.device.provider === 'wasm' ? undefined : options.firstUse;
  /** The candidates hold the model's bytes. They are kept until a run has succeeded and nothing is left to be checked. */
  let spare: Options | undefined = first.rest.length > 0 ? options : undefined;
  let hasSucceeded = false;
  const { reportAbort } = options;

  /** Whether the first computation has made the runtime abort. Later ones fail with their engine, and the graph stays. */
  const isFirstAbort = ({ device: { provider } }: Session, cause: unknown) =>
    !hasSucceeded && provider !== 'wasm' && reportAbort(provider, 'computing', cause);

  /** Tries the candidates that are left, one after another, and stays where that succeeds. */
  async function move(left: Options, cause: unknown, attempt: Attempt): Promise<Outputs> {
    const failed = current;
    let { rest } = failed;
    let steps = [...failed.steps, toStep(failed.session.device, cause)];
    for (;;) {
      const next = await choose(left, rest, steps);
      try {
        const outputs = await attempt(next.session);
        current = next;
        await failed.session.release();
        left.loadOptions.onMove?.(next.steps, next.session.device);
        return outputs;
      } catch (failure) {
        await next.session.release();
        if (isFirstAbort(next.session, failure)) throw failure;
        // It is not the device then, but what is computed.
        if (next.rest.length === 0) throw cause;
        rest = next.rest;
        steps = [...next.steps, toStep(next.session.device, failure)];
      }
    }
  }

  function noteSuccess(): void {
    hasSucceeded = true;
    if (current.session.device.provider === 'wasm' || isFixed || firstUse?.isOver()) firstUse = undefined;
    if (firstUse) return;
    current = { ...current, rest: [] };
    spare = undefined;
  }

  async function computeUnchecked(inputs: Inputs): Promise<Outputs> {
    const mayMove = hasSucceeded ? undefined : spare;
    try {
      const outputs = await current.session.run(inputs);
      noteSuccess();
      return outputs;
    } catch (cause) {
      if (isFirstAbort(current.session, cause) || !mayMove) throw cause;
      spare = undefined;
      return move(mayMove, cause, (session) => session.run(inputs));
    }
  }

  /** Computes with inputs of shapes that the graph has not had, and compares the outputs with WebAssembly's. */
  async function computeChecked(shapes: string, use: FirstUse, inputs: Inputs): Promise<Outputs> {
    // Once a graph has computed, only wrong numbers make it move: what breaks a device is mended with the engine.
    const wasRight = hasSucceeded;
    let expected: NamedTensor[] | undefined;
    const attempt: Attempt = async (session) => {
      if (expected && session.device.provider === 'wasm') return expected;
      const outputs = await session.run(inputs);
      if (session.device.provider === 'wasm') return outputs;
      expected ??= await use.expected(inputs);
      if (expected) await expectAgreement(outputs, expected);
      return outputs;
    };
    try {
      const outputs = await attempt(current.session).catch((cause) => {
        if (isFirstAbort(current.session, cause)) throw cause;
        const isWrong = cause instanceof WrongNumbers;
        if (spare && (isWrong || !wasRight)) return move(spare, cause, attempt);
        throw isWrong ? nothingElse(current.session.device, cause) : cause;
      });
      use.settle(shapes);
      noteSuccess();
      return outputs;
    } catch (cause) {
      use.fail();
      throw cause;
    }
  }

  async function compute(inputs: Inputs): Promise<Outputs> {
    const shapes = firstUse?.unchecked(inputs);
    if (!firstUse || shapes === undefined) return computeUnchecked(inputs);
    return computeChecked(shapes, firstUse, inputs);
  }

  return {
    inputs: first.session.inputs,
    outputs: first.session.outputs,
    get device() {
      return current.session.device;
    },
    fallback: first.steps,
    compute: async (inputs) => fetchAll(await compute(inputs)),
    computeOnDevice: compute,
    dispose: () => current.session.release(),
  };
}

function nothingElse({ provider }: Device, cause: WrongNumbers): WasiNNError {
  const text = `compute: the page allows no provider but ${provider} (fallback), and ${cause.message}`;
  return new WasiNNError('runtime-error', text, { cause });
}
