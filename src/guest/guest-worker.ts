import { createContextCount } from '../bindings/context-count.js';
import { type ContextReport, createContextReport } from '../rpc/context-counter.js';
import type { Instance } from '../rpc/guest-exports.js';
import { type Action, type Failure, type GuestMessage, isPageMessage, type Start } from '../rpc/guest-protocol.js';
import { acknowledge } from '../rpc/output-batch.js';
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

/** Captured, as all that the host goes on using: nothing else of the platform is left once the thread is confined. */
const postMessage = globalThis.postMessage.bind(globalThis);

let instance: Instance = { functions: new Map() };
let contextReport: ContextReport | undefined;
let output: OutputBuffer | undefined;
let acknowledged: Int32Array = new Int32Array(1);
const inTurn = createCallQueue();

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (!isPageMessage(data)) return;
  switch (data.type) {
    case 'start':
      void start(data);
      return;
    case 'acknowledge':
      acknowledge(acknowledged, data.sent);
      return;
    case 'ask':
      void inTurn(() => answer(data.id, data));
  }
});

confine();

async function start({ prepared, port, environment, contextWord, waiting, ...rest }: Start): Promise<void> {
  const report = createContextReport(contextWord, (contexts) => post({ type: 'contexts', contexts }));
  contextReport = report;
  acknowledged = rest.acknowledged;
  const buffer = createOutputBuffer(acknowledged, (batch) => post({ type: 'output', ...batch }, [batch.bytes.buffer]));
  output = buffer;
  // Before code of the guest runs.
  await holdWorkerLock(rest.lock);
  post({ type: 'ready' });
  try {
    instance = await instantiate(prepared, {
      environment,
      output: buffer.write,
      contexts: createContextCount(report.write),
      report: buffer.report,
      connect: async (waits, wish = waiting) => {
        const connection = await connect(port, waits, wish);
        return connection.jspi ? connection : { link: flushFirst(connection.link, buffer.flush) };
      },
    });
    tell({ type: 'started', functions: [...instance.functions.keys()], hasMemory: instance.memory !== undefined });
  } catch (cause) {
    tell({ type: 'refused', failure: describe(cause) });
  }
}

async function answer(id: number, action: Action): Promise<void> {
  try {
    const value = await carryOut(action);
    tell({ type: 'answered', id, value }, [...new Set(ownBuffers(value))]);
  } catch (cause) {
    tell({ type: 'failed', id, failure: describe(cause) });
  }
}

function carryOut(action: Action): unknown {
  switch (action.action) {
    case 'call':
      return instance.functions.get(action.name)?.(...action.values);
    case 'run':
      if (instance.run) return instance.run();
      throw new WasiNNError('invalid-argument', 'run: the guest is no program: it has neither wasi:cli/run nor _start');
    case 'read':
      return memoryAt(action.address, action.length).slice();
    case 'write':
      memoryAt(action.address, action.bytes.byteLength).set(action.bytes);
      return undefined;
  }
}

/** The buffers that belong to an answer alone, wherever in it they are: what jco takes out of a guest is a copy. */
function ownBuffers(value: unknown): ArrayBuffer[] {
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

/** Answers the page, after all that the guest has written. */
function tell(message: GuestMessage, transfer: Transferable[] = []): void {
  output?.flushAll();
  contextReport?.tellNow();
  post(message, transfer);
}

function post(message: GuestMessage, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}
