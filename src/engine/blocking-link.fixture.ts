import { parentPort, workerData } from 'node:worker_threads';
import { andThen } from './awaitable.js';
import { createBlockingLink } from './blocking-link.js';
import { type Awaitable, isResident, type RemoteLink } from './link.js';
import { createNotice } from './loss.js';
import type { Operation, Outcome, Result } from './protocol.js';
import { toPlainError } from './protocol.js';

/** A guest's thread for tests: makes calls one after another over a blocking link, and tells what came of each. */

export interface GuestOrders {
  readonly port: MessagePort;
  readonly operations: readonly Operation[];
  /** Default: what the link makes itself. */
  readonly mailbox?: SharedArrayBuffer;
}

export interface GuestReport {
  readonly outcome: Outcome;
  /** How many bytes of what was passed in the thread still has. */
  readonly bytesKept: number;
}

const { port, operations, mailbox }: GuestOrders = workerData;
const link = createBlockingLink(port, mailbox && { mailbox, notice: createNotice() });

for (const operation of operations) {
  const report: GuestReport = { outcome: outcomeOf(operation), bytesKept: bytesOf(operation) };
  parentPort?.postMessage(report);
}
port.close();

function outcomeOf(operation: Operation): Outcome {
  try {
    return { result: atOnce(carryOut(link, operation)) };
  } catch (cause) {
    return { error: toPlainError(cause) };
  }
}

function carryOut(link: RemoteLink, operation: Operation): Awaitable<Result> {
  switch (operation.operation) {
    case 'load':
      return link.load(operation.parts, operation.encoding, operation.target);
    case 'loadByName':
      return link.loadByName(operation.name);
    case 'compute':
      return link.compute(operation.graph, operation.inputs);
    case 'unload':
      link.unload(operation.graph);
      return undefined;
    case 'readTensor':
      return andThen(link.readTensor(operation.resident), (value) => [['', value]]);
    case 'releaseTensor':
      link.releaseTensor(operation.resident);
      return undefined;
  }
}

function atOnce(answer: Awaitable<Result>): Result {
  if (answer instanceof Promise) throw new TypeError('the link answered with a promise');
  return answer;
}

function bytesOf(operation: Operation): number {
  if (operation.operation === 'load') return sum(operation.parts.filter((part) => part instanceof Uint8Array));
  return operation.operation === 'compute'
    ? sum(operation.inputs.flatMap(([, tensor]) => (isResident(tensor) ? [] : [tensor.data])))
    : 0;
}

function sum(arrays: readonly Uint8Array[]): number {
  return arrays.reduce((total, { byteLength }) => total + byteLength, 0);
}
