import { parentPort, workerData } from 'node:worker_threads';
import { createBlockingInferenceClient } from '../rpc/create-inference-client.js';
import type { InferenceClient } from '../rpc/inference-client.js';
import type { Mailbox } from '../rpc/mailbox.js';
import { type PlainError, toPlainError } from '../standard/plain-error.js';

/** A guest's thread for tests. It makes calls one after another, blocks for each, and reports what came of it. */

export interface GuestOrders {
  readonly port: MessagePort;
  readonly mailbox: Mailbox;
  readonly calls: readonly GuestCall[];
}

export type GuestCall = {
  [Method in keyof InferenceClient]: readonly [method: Method, ...parameters: Parameters<InferenceClient[Method]>];
}[keyof InferenceClient];

export type GuestOutcome = { readonly result: unknown } | { readonly error: PlainError };

const { port, mailbox, calls }: GuestOrders = workerData;
const client = createBlockingInferenceClient(port, mailbox);

for (const call of calls) parentPort?.postMessage(outcomeOf(call));
port.close();

function outcomeOf(call: GuestCall): GuestOutcome {
  try {
    const result = carryOut(call);
    if (result instanceof Promise) throw new TypeError('the client answered with a promise');
    return { result };
  } catch (cause) {
    return { error: toPlainError(cause) };
  }
}

function carryOut(call: GuestCall): unknown {
  switch (call[0]) {
    case 'load':
      return client.load(call[1], call[2], call[3]);
    case 'loadByName':
      return client.loadByName(call[1], call[2]);
    case 'compute':
      return client.compute(call[1], call[2]);
    case 'unload':
      return client.unload(call[1]);
    case 'readTensor':
      return client.readTensor(call[1]);
    case 'releaseTensor':
      return client.releaseTensor(call[1]);
    case 'startText':
      return client.startText(call[1], call[2]);
    case 'readText':
      return client.readText(call[1]);
    case 'stopText':
      return client.stopText(call[1]);
  }
}
