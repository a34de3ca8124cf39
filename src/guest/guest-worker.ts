import { createContextCount } from '../bindings/context-count.js';
import { type ContextReport, createContextReport } from '../rpc/context-counter.js';
import type { Instance } from '../rpc/guest-exports.js';
import { type Failure, isAction, isStart, type Outcome, type Started } from '../rpc/guest-protocol.js';
import { dropFunction } from '../rpc/handle-record.js';
import { type ImportCall, type ImportReply, isImportReply } from '../rpc/import-reply.js';
import { acknowledge } from '../rpc/output-batch.js';
import { isPageReply, type PageReply } from '../rpc/page-reply.js';
import { openRpc, parentEndpoint, Transferring } from '../rpc/rpc.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { holdWorkerLock } from '../standard/worker-watch.js';
import { createCallQueue } from './call-queue.js';
import { confine } from './confine.js';
import { instantiate } from './instantiate.js';
import { createOutputBuffer, flushFirst, type OutputBuffer } from './output-buffer.js';
import { connect } from './waiting.js';

/**
 * A guest's own thread: what it computes, and what it waits for, never holds up the page. The thread is confined before
 * any message comes, so before any guest code runs in it.
 */

let instance: Instance = { functions: new Map() };
let contextReport: ContextReport | undefined;
let output: OutputBuffer | undefined;
/** What ended the guest's use: its memory may be in any state. */
let trap: Error | undefined;
/** How many functions of the page the guest waits for. */
let pageCallsUnderWay = 0;
let acknowledged: Int32Array = new Int32Array(1);
const inTurn = createCallQueue();

const rpc = openRpc(parentEndpoint(), {
  start: (parameters) => answer(() => start(parameters)),
  perform: (parameters) => takeTurn(parameters, () => answer(() => perform(parameters))),
  acknowledge: (sent) => acknowledge(acknowledged, Number(sent)),
});

confine();

async function start(parameters: unknown): Promise<Started> {
  if (!isStart(parameters)) throw malformed('start');
  const { prepared, port, mailbox, environment, contextWord, replies, waiting, lock } = parameters;
  const report = createContextReport(contextWord, (contexts) => rpc.notify('contexts', contexts));
  contextReport = report;
  acknowledged = parameters.acknowledged;
  const buffer = createOutputBuffer(acknowledged, (batch) => rpc.notify('output', batch, [batch.bytes.buffer]));
  output = buffer;
  // Before code of the guest runs.
  await holdWorkerLock(lock);
  rpc.notify('ready', undefined);
  instance = await instantiate(prepared, {
    environment,
    output: buffer.write,
    contexts: createContextCount(report.write),
    report: buffer.report,
    page: {
      request: callPage,
      notify(call) {
        buffer.flush();
        rpc.notify('callImportBlocking', call);
      },
      replies,
    },
    input: {
      request: readInput,
      notify() {
        buffer.flush();
        rpc.notify('readInputBlocking', undefined);
      },
      replies,
    },
    connect: async (waits, wish = waiting) => {
      const connection = connect(port, mailbox, waits, wish);
      return connection.jspi ? connection : { client: flushFirst(connection.client, buffer.flush) };
    },
  });
  return { functions: [...instance.functions.keys()], hasMemory: instance.memory !== undefined };
}

/** Calls a function of the page, while the guest is suspended. */
async function callPage(call: ImportCall): Promise<ImportReply> {
  const reply = await askPage('callImport', call);
  return isImportReply(reply) ? reply : { error: 'the page gave no reply' };
}

/** Asks the page for a piece of the standard input, while the guest is suspended. */
async function readInput(): Promise<PageReply> {
  const reply = await askPage('readInput', undefined);
  return isPageReply(reply) ? reply : { error: 'stdin: the page gave no reply' };
}

async function askPage(method: string, parameters: unknown): Promise<unknown> {
  pageCallsUnderWay++;
  try {
    return await rpc.request(method, parameters);
  } finally {
    pageCallsUnderWay--;
  }
}

/** A function of the page that the guest waits for may read and write its memory meanwhile. */
function takeTurn<Result>(action: unknown, run: () => Promise<Result>): Promise<Result> {
  const isOfMemory = isAction(action) && (action.action === 'read' || action.action === 'write');
  return isOfMemory && pageCallsUnderWay > 0 ? run() : inTurn(run);
}

/** The outcome of a request. The page has all that the guest has written before it gets that. */
async function answer(action: () => unknown): Promise<Transferring> {
  const outcome = await attempt(action);
  output?.flushAll();
  contextReport?.reportNow();
  return new Transferring(outcome, 'value' in outcome ? [...new Set(ownBuffers(outcome.value))] : []);
}

async function attempt(action: () => unknown): Promise<Outcome> {
  try {
    return { value: await action() };
  } catch (cause) {
    return { failure: describe(cause) };
  }
}

function perform(action: unknown): unknown {
  if (!isAction(action)) throw malformed('perform');
  switch (action.action) {
    case 'call': {
      const { name, values } = action;
      // Resources went with the trap.
      if (trap && name === dropFunction) return undefined;
      return untilTrap(() => instance.functions.get(name)?.(...values));
    }
    case 'run':
      if (instance.run) return untilTrap(instance.run);
      throw new WasiNNError('invalid-argument', 'run: the guest is no program: it has neither wasi:cli/run nor _start');
    case 'read':
      return memoryAt(action.address, action.length).slice();
    case 'write':
      memoryAt(action.address, action.bytes.byteLength).set(action.bytes);
      return undefined;
  }
}

/** Calls into the guest, unless an earlier call has ended with a trap. */
async function untilTrap(call: () => unknown): Promise<unknown> {
  if (trap) {
    throw new WasiNNError(
      'runtime-error',
      `the guest trapped in an earlier call (${messageOf(trap)}) and cannot be called again: dispose of it, and instantiate it once more`,
    );
  }
  try {
    return await call();
  } catch (cause) {
    if (isTrap(cause)) trap = cause;
    throw cause;
  }
}

/** Whether an error has come through WebAssembly, whose functions cannot catch it: its stack then has their frames. */
function isTrap(cause: unknown): cause is Error {
  if (cause instanceof WebAssembly.RuntimeError) return true;
  return cause instanceof Error && /wasm:\/\/|wasm-function|\[wasm code\]/.test(cause.stack ?? '');
}

/** Only a page with another version of the library sends such a request. */
function malformed(method: string): WasiNNError {
  return new WasiNNError('runtime-error', `${method}: the guest's worker got a malformed request`);
}

/** The buffers that belong to an answer alone, wherever in it they are: what jco takes out of a guest is a copy. */
function ownBuffers(value: unknown): ArrayBuffer[] {
  if (value instanceof Map) return ownBuffers([...value.values()]);
  if (ArrayBuffer.isView(value)) {
    const { buffer, byteLength } = value;
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(ownBuffers) : [];
}

function memoryAt(address: number, length: number): Uint8Array {
  const { memory } = instance;
  if (!memory) throw new WasiNNError('invalid-argument', 'memory: the guest exports no memory');
  if (address >= 0 && length >= 0 && address + length <= memory.buffer.byteLength) {
    return new Uint8Array(memory.buffer, address, length);
  }
  const size = memory.buffer.byteLength;
  throw new WasiNNError('invalid-argument', `memory: ${length} bytes at ${address} are not within its ${size} bytes`);
}

/** jco throws the error of a WIT result as an Error with a `payload`. What is neither that nor a host's error is a trap. */
function describe(cause: unknown): Failure {
  if (cause instanceof WasiNNError) return { kind: 'error', error: { code: cause.code, message: cause.message } };
  if (cause instanceof Error && Object.hasOwn(cause, 'payload')) {
    return { kind: 'result', payload: Reflect.get(cause, 'payload') };
  }
  return { kind: 'trap', message: messageOf(cause), stack: cause instanceof Error ? (cause.stack ?? '') : '' };
}
