import { isErrorCode, messageOf, quote, WasiNNError } from '../standard/error.js';
import { isExecutionTarget } from '../standard/graph.js';
import {
  byteLengthOf,
  type DeclaredTensors,
  describeTensor,
  isTensorType,
  type NamedTensor,
  type TensorInfo,
  type TensorValue,
} from '../standard/tensor.js';
import { type BackendGraph, type Device, type FallbackStep, providers } from './backend.js';

/** A graph as far as it has been looked at: what its functions answer may be anything. */
interface CustomGraph {
  readonly inputs: unknown;
  readonly outputs: unknown;
  readonly device: unknown;
  readonly fallback: unknown;
  compute(inputs: ReadonlyMap<string, TensorValue>): unknown;
  dispose(): unknown;
}

/**
 * Takes a graph that was made by code which is not ours: it is checked, and so is whatever it will answer.
 *
 * @param who the backend, for error texts
 * @throws WasiNNError `runtime-error` that says what of the graph is not as `BackendGraph` has it
 */
export function toBackendGraph(graph: unknown, who: string): BackendGraph {
  if (!isGraph(graph)) throw wrong('load', who, 'no graph: it has no function "compute" or no function "dispose"');
  const outputs = expectTensors(graph.outputs, 'outputs', who);
  return {
    inputs: expectTensors(graph.inputs, 'inputs', who),
    outputs,
    device: expectDevice(graph.device, who),
    fallback: expectFallback(graph.fallback, who),
    async compute(inputs) {
      const answer = await attempt(`compute: ${who}`, () => graph.compute(inputs));
      if (!Array.isArray(answer)) throw wrong('compute', who, 'no list of outputs');
      const tensors = answer.map((output) => expectOutput(output, who));
      if (outputs !== 'any') expectDeclared(outputs, tensors, who);
      return tensors;
    },
    async dispose() {
      await attempt(`unload: ${who}`, () => graph.dispose());
    },
  };
}

/**
 * Does what an outside module does, and makes a wasi-nn error of whatever it throws. It has no WasiNNError of ours: the
 * `code` of its error counts where it is one of the standard's.
 *
 * @param context what is being done and by whom, for the error's text
 */
export async function attempt(context: string, action: () => unknown): Promise<unknown> {
  try {
    return await action();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause && isErrorCode(cause.code) ? cause.code : 'runtime-error';
    throw new WasiNNError(code, `${context} failed: ${messageOf(cause)}`, { cause });
  }
}

function isGraph(value: unknown): value is CustomGraph {
  if (typeof value !== 'object' || value === null) return false;
  return isFunction(Reflect.get(value, 'compute')) && isFunction(Reflect.get(value, 'dispose'));
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function expectTensors(tensors: unknown, what: 'inputs' | 'outputs', who: string): DeclaredTensors {
  if (tensors === 'any') return tensors;
  if (!Array.isArray(tensors) || !tensors.every(isTensorInfo))
    throw wrong('load', who, `a graph whose ${what} are neither "any" nor a list of { name, type, shape }`);
  return tensors.map(({ name, type, shape }) => ({ name, type, shape: [...shape] }));
}

function isTensorInfo(value: unknown): value is TensorInfo {
  if (!isRecord(value) || typeof value.name !== 'string' || typeof value.type !== 'string') return false;
  return Array.isArray(value.shape) && value.shape.every((axis) => typeof axis === 'string' || isLength(axis));
}

function expectDevice(device: unknown, who: string): Device {
  if (!isDevice(device)) {
    const expected = `{ target, provider, description } with a provider out of ${providers.join(', ')}`;
    throw wrong('load', who, `a graph whose device is not ${expected}`);
  }
  const { target, provider, description } = device;
  return { target, provider, description };
}

function isDevice(value: unknown): value is Device {
  return isRecord(value) && typeof value.description === 'string' && isPlace(value);
}

function expectFallback(steps: unknown, who: string): FallbackStep[] {
  if (!Array.isArray(steps) || !steps.every(isFallbackStep))
    throw wrong('load', who, 'a graph whose fallback is no list of { target, provider, reason }');
  return steps.map(({ target, provider, reason }) => ({ target, provider, reason }));
}

function isFallbackStep(value: unknown): value is FallbackStep {
  return isRecord(value) && typeof value.reason === 'string' && isPlace(value);
}

function isPlace(value: unknown): value is Pick<Device, 'target' | 'provider'> {
  return isRecord(value) && isExecutionTarget(value.target) && providers.some((name) => name === value.provider);
}

/** The bytes are copied: their buffer may be one that cannot be transferred, such as the memory of a WebAssembly module. */
function expectOutput(output: unknown, who: string): NamedTensor {
  const [name, tensor]: unknown[] = Array.isArray(output) ? output : [];
  if (typeof name !== 'string' || !isRecord(tensor))
    throw wrong('compute', who, 'an output that is no pair of a name and a tensor');
  const { type, dimensions, data } = tensor;
  if (!isTensorType(type) || !Array.isArray(dimensions) || !dimensions.every(isLength) || !(data instanceof Uint8Array))
    throw wrong('compute', who, `the output ${quote(name)}, which is no tensor { type, dimensions, data }`);
  const expected = byteLengthOf(type, dimensions);
  if (data.byteLength !== expected) {
    const described = `${describeTensor(type, dimensions)}, which has ${expected} bytes`;
    throw wrong('compute', who, `${data.byteLength} bytes for the output ${quote(name)}, ${described}`);
  }
  return [name, { type, dimensions: [...dimensions], data: new Uint8Array(data) }];
}

function expectDeclared(declared: readonly TensorInfo[], given: readonly NamedTensor[], who: string): void {
  const isAsDeclared = ({ name, type, shape }: TensorInfo, index: number) => {
    const [givenName, tensor] = given[index] ?? [];
    return givenName === name && tensor?.type === type && fits(shape, tensor.dimensions);
  };
  if (given.length === declared.length && declared.every(isAsDeclared)) return;
  const describe = ({ name, type, shape }: TensorInfo) => `${quote(name)} ${describeTensor(type, shape)}`;
  const came = given.map(([name, { type, dimensions }]) => describe({ name, type, shape: dimensions }));
  const outputs = `the outputs ${came.join(', ') || '(none)'}`;
  throw wrong('compute', who, `${outputs}, but the graph has ${declared.map(describe).join(', ') || 'none'}`);
}

function fits(shape: TensorInfo['shape'], dimensions: readonly number[]): boolean {
  if (shape.length !== dimensions.length) return false;
  return shape.every((length, axis) => typeof length === 'string' || length === dimensions[axis]);
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function wrong(operation: string, who: string, what: string): WasiNNError {
  return new WasiNNError('runtime-error', `${operation}: ${who} answered with ${what} (docs/backends.md)`);
}
