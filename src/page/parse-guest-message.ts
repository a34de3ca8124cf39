import { maxExportedCharacters, maxExportedFunctions, type ProgramEnd } from '../rpc/guest-exports.js';
import type { Failure, Outcome, Started } from '../rpc/guest-protocol.js';
import {
  batchBytes,
  batchFaults,
  batchRuns,
  type Fault,
  type OutputBatch,
  type OutputRun,
} from '../rpc/output-batch.js';
import { isErrorCode } from '../standard/error.js';
import { isObjectWith } from '../standard/is-object-with.js';
import type { PlainError } from '../standard/plain-error.js';

/** The most UTF-16 code units of a text that a guest has a say in. */
const maxTextLength = 16384;

/** What the worker of a guest may notify the page of, or request. */
const methods: readonly unknown[] = [
  ...['ready', 'output', 'contexts'],
  ...['callImport', 'callImportBlocking', 'readInput', 'readInputBlocking'],
];

/** What it may request, rather than notify the page of. */
const requests: readonly unknown[] = ['callImport', 'readInput'];

/**
 * Reads a message of a guest's worker, which may be under the guest's control: a response, a notification, or a
 * request.
 *
 * @returns undefined for what is neither
 */
export function parseGuestMessage(data: unknown): object | undefined {
  if (isObjectWith(data, 'method') && isObjectWith(data, 'parameters')) {
    const { method, parameters } = data;
    if (!methods.includes(method)) return undefined;
    if (!isObjectWith(data, 'request') || !requests.includes(method)) return { method, parameters };
    return isCount(data.request) ? { request: data.request, method, parameters } : undefined;
  }
  if (!isObjectWith(data, 'response') || !isCount(data.response)) return undefined;
  if (isObjectWith(data, 'result')) return { response: data.response, result: data.result };
  const error = isObjectWith(data, 'error') ? parseError(data.error) : undefined;
  return error && { response: data.response, error };
}

/** Reads the response to a request of `start` or `perform`. */
export function parseOutcome(data: unknown): Outcome | undefined {
  if (isObjectWith(data, 'value')) return { value: data.value };
  const failure = isObjectWith(data, 'failure') ? parseFailure(data.failure) : undefined;
  return failure && { failure };
}

/** Reads what a guest has that was started. */
export function parseStarted(data: unknown): Started | undefined {
  if (!isObjectWith(data, 'functions') || !isObjectWith(data, 'hasMemory')) return undefined;
  const { functions, hasMemory } = data;
  if (!Array.isArray(functions) || functions.length > maxExportedFunctions || typeof hasMemory !== 'boolean') {
    return undefined;
  }
  let characters = 0;
  const names: string[] = [];
  for (const name of functions) {
    characters += typeof name === 'string' ? name.length : Number.POSITIVE_INFINITY;
    if (characters > maxExportedCharacters) return undefined;
    names.push(name);
  }
  return { functions: names, hasMemory };
}

/** Reads how a program has ended. */
export function parseProgramEnd(data: unknown): ProgramEnd | undefined {
  if (!isObjectWith(data, 'exitCode') || !isObjectWith(data, 'files')) return undefined;
  const { exitCode, files } = data;
  if (typeof exitCode !== 'number' || !(files instanceof Map)) return undefined;
  const parsed = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [path, bytes] of files) {
    if (typeof path !== 'string' || !isOwnBytes(bytes)) return undefined;
    parsed.set(path, bytes);
  }
  return { exitCode, files: parsed };
}

/** Reads how many execution contexts a guest has. */
export function parseContexts(data: unknown): number | undefined {
  return isCount(data) ? data : undefined;
}

/** Reads a batch of output. */
export function parseOutput(data: unknown): OutputBatch | undefined {
  if (!isObjectWith(data, 'bytes') || !isObjectWith(data, 'runs') || !isObjectWith(data, 'faults')) return undefined;
  if (!isObjectWith(data, 'omittedFaults') || !isObjectWith(data, 'sent')) return undefined;
  const { bytes, omittedFaults, sent } = data;
  const runs = parseList(data.runs, batchRuns, parseRun);
  const faults = parseList(data.faults, batchFaults, parseFault);
  if (!runs || !faults || !isOwnBytes(bytes) || !isCount(omittedFaults) || !isInt32(sent)) return undefined;
  const total = runs.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (total !== bytes.byteLength || total > batchBytes) return undefined;
  return { bytes, runs, faults, omittedFaults, sent };
}

function parseRun(data: unknown): OutputRun | undefined {
  if (!isObjectWith(data, 'stream') || !isObjectWith(data, 'byteLength')) return undefined;
  const { stream, byteLength } = data;
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  return isCount(byteLength) ? { stream, byteLength } : undefined;
}

function parseFault(data: unknown): Fault | undefined {
  if (!isObjectWith(data, 'functionName') || !isObjectWith(data, 'error')) return undefined;
  const functionName = parseText(data.functionName);
  const error = parseError(data.error);
  return functionName !== undefined && error ? { functionName, error } : undefined;
}

/** @returns undefined where one of the items is not in order, or there are more than `most` */
function parseList<Item>(data: unknown, most: number, parse: (item: unknown) => Item | undefined): Item[] | undefined {
  if (!Array.isArray(data) || data.length > most) return undefined;
  const items: Item[] = [];
  for (const element of data) {
    const item = parse(element);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

function parseFailure(data: unknown): Failure | undefined {
  if (!isObjectWith(data, 'kind')) return undefined;
  if (data.kind === 'result') return { kind: 'result', payload: 'payload' in data ? data.payload : undefined };
  if (data.kind === 'error') {
    const error = isObjectWith(data, 'error') ? parseError(data.error) : undefined;
    return error && { kind: 'error', error };
  }
  if (data.kind !== 'trap' || !isObjectWith(data, 'message') || !isObjectWith(data, 'stack')) return undefined;
  const [message, stack] = [parseText(data.message), parseText(data.stack)];
  return message === undefined || stack === undefined ? undefined : { kind: 'trap', message, stack };
}

function parseError(data: unknown): PlainError | undefined {
  if (!isObjectWith(data, 'code') || !isObjectWith(data, 'message') || !isErrorCode(data.code)) return undefined;
  const message = parseText(data.message);
  return message === undefined ? undefined : { code: data.code, message };
}

function parseText(data: unknown): string | undefined {
  return typeof data === 'string' ? data.slice(0, maxTextLength) : undefined;
}

/** Bytes that nobody else can change any more. */
function isOwnBytes(data: unknown): data is Uint8Array<ArrayBuffer> {
  return data instanceof Uint8Array && data.buffer instanceof ArrayBuffer;
}

function isCount(data: unknown): data is number {
  return typeof data === 'number' && Number.isSafeInteger(data) && data >= 0;
}

/** A 32-bit number that wraps around. */
function isInt32(data: unknown): data is number {
  return typeof data === 'number' && (data | 0) === data;
}
