import { toWasiNNError, WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphEncoding } from '../standard/graph.js';
import type { TensorValue } from '../standard/tensor.js';
import { type GraphInfo, isResident, type ModelPart, type NamedLinkTensor } from './link.js';
import { isGraphInfo, isNamedTensors, type Operation, type Result } from './protocol.js';
import { buffersOf, whole, wholeTensors } from './transfer.js';

/** Captured: the worker of a guest loses them before guest code runs (`guest/confine.ts`). */
const { Blob } = globalThis;

/** What the links to another thread have in common: what they post for a call, and what they expect in answer. */
export interface Call {
  readonly operation: Operation;
  /** The buffers that go along and are gone here then. */
  readonly transfer: ArrayBuffer[];
}

export function loadCall(parts: readonly ModelPart[], encoding: GraphEncoding, target: ExecutionTarget): Call {
  const owned = parts.map((part) => (part instanceof Blob ? part : whole(part)));
  const buffers = owned.flatMap((part) => (part instanceof Blob ? [] : [part.buffer]));
  return { operation: { operation: 'load', parts: owned, encoding, target }, transfer: [...new Set(buffers)] };
}

export function loadByNameCall(name: string): Call {
  return { operation: { operation: 'loadByName', name }, transfer: [] };
}

export function computeCall(graph: number, inputs: readonly NamedLinkTensor[]): Call {
  const owned = wholeTensors(inputs);
  return { operation: { operation: 'compute', graph, inputs: owned }, transfer: buffersOf(owned) };
}

export function unloadCall(graph: number): Call {
  return { operation: { operation: 'unload', graph }, transfer: [] };
}

export function readTensorCall(resident: number): Call {
  return { operation: { operation: 'readTensor', resident }, transfer: [] };
}

export function releaseTensorCall(resident: number): Call {
  return { operation: { operation: 'releaseTensor', resident }, transfer: [] };
}

export function expectGraph(result: Result): GraphInfo {
  if (isGraphInfo(result)) return result;
  throw unexpected();
}

export function expectTensors(result: Result): readonly NamedLinkTensor[] {
  if (isNamedTensors(result)) return result;
  throw unexpected();
}

export function expectValue(result: Result): TensorValue {
  const [, tensor] = expectTensors(result)[0] ?? [];
  if (tensor && !isResident(tensor)) return tensor;
  throw unexpected();
}

export function unknownGraph(graph: number): WasiNNError {
  return new WasiNNError('invalid-argument', `compute: there is no graph ${graph}: it was never loaded or is unloaded`);
}

export function unknownTensor(resident: number): WasiNNError {
  const text = `there is no tensor ${resident} on a device: it never was there, or is released`;
  return new WasiNNError('invalid-argument', text);
}

/** The error of a call that could not be posted. */
export function notPosted({ operation }: Call, cause: unknown): WasiNNError {
  return toWasiNNError(cause, `${operation.operation}: the values cannot be passed on`, 'invalid-argument');
}

function unexpected(): WasiNNError {
  return new WasiNNError(
    'runtime-error',
    'the engine gave an answer of the wrong kind: are its scripts of one version?',
  );
}
