import { mayWait } from '../rpc/component-interface.js';
import { createContextWord, readContexts, writeContexts } from '../rpc/context-counter.js';
import type { ProgramEnd } from '../rpc/guest-exports.js';
import type { Action, Start } from '../rpc/guest-protocol.js';
import { createMailbox, type Mailbox } from '../rpc/mailbox.js';
import { acknowledge, createAcknowledgement, deliver, type OnFault, type OutputBatch } from '../rpc/output-batch.js';
import type { PreparedGuest } from '../rpc/prepared-guest.js';
import type { OutputSink, OutputStream, ProgramEnvironment } from '../rpc/program-environment.js';
import { type Endpoint, openRpc } from '../rpc/rpc.js';
import { isShared } from '../rpc/shared-memory.js';
import { supportedWaiting, type Waiting } from '../rpc/waiting.js';
import { messageOf, toWasiNNError, WasiNNError } from '../standard/error.js';
import { type WorkerWatch, watchWorker } from '../standard/worker-watch.js';
import { dispose } from './dispose-symbols.js';
import { toError } from './guest-errors.js';
import type { Guest, GuestExports, GuestMemory } from './guest-interface.js';
import { OutputTail } from './output-tail.js';
import { type PageImports, serveImports } from './page-imports.js';
import type { PageWorkers } from './page-workers.js';
import {
  parseContexts,
  parseGuestMessage,
  parseOutcome,
  parseOutput,
  parseProgramEnd,
  parseStarted,
} from './parse-guest-message.js';
import type { HubPort } from './remote-hub.js';
import { createRemoteExports } from './remote-resources.js';
import type { InputSource } from './standard-input.js';
import { buffersGivenAway } from './transfer.js';
import { untilAborted } from './until-aborted.js';

/** A guest on its way, and the means to end it from outside, when the engine it depends on fails. */
export interface StartedGuest<Exports extends object = GuestExports> {
  readonly guest: Promise<Guest<Exports>>;
  /** Runs the guest as a program. */
  run(): Promise<ProgramEnd>;
  /** How many execution contexts the guest has. */
  contexts(): number;
  fail(reason: unknown): void;
}

/** What a guest is started with. */
export interface GuestOptions {
  readonly workers: PageWorkers;
  /** Makes the guest ready to be instantiated. */
  prepare(): Promise<PreparedGuest>;
  /** Makes it a client of the hub. */
  connect(mailbox: Mailbox | undefined): HubPort;
  gatherEnvironment(): Promise<ProgramEnvironment>;
  /** The functions of the page that it may import. */
  readonly imports: PageImports;
  /** Its standard input, where the page provides that piece by piece. */
  readonly input: InputSource | undefined;
  readonly output: OutputSink;
  /** Called with the errors that wasi-nn answers the guest with. */
  readonly onFault: OnFault;
  readonly waiting: Waiting | undefined;
  /** How long its worker may take to start. */
  readonly startMilliseconds: number;
  /** Called once, when the guest has ended for whatever reason. */
  onEnd(): void;
}

/**
 * Starts a guest in a worker of its own. The worker loads its script while the guest is prepared.
 *
 * @throws WasiNNError what `instantiate` throws, or `runtime-error` where the worker cannot be started
 */
export function startGuest<Exports extends object>({
  workers,
  prepare,
  gatherEnvironment,
  connect,
  imports,
  input,
  output,
  onFault,
  waiting,
  startMilliseconds,
  onEnd,
}: GuestOptions): StartedGuest<Exports> {
  const worker = workers.start('guest');
  const contextWord = createContextWord();
  const acknowledged = createAcknowledgement();
  const importService = serveImports(imports, input);
  const tail = new OutputTail();
  const ending = new AbortController();
  const ended = ending.signal;
  /** Begins with the worker's first message. */
  let watch: WorkerWatch | undefined;
  let connection: HubPort | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<Guest<Exports>>();

  function fail(reason: unknown): void {
    if (ended.aborted) return;
    ending.abort(reason);
    watch?.stop();
    worker.terminate();
    connection?.close();
    reject(reason);
    onEnd();
  }

  /** Hands on what a notification of the worker says. */
  function accept<Message>(parse: (data: unknown) => Message | undefined, take: (message: Message) => void) {
    return (data: unknown) => {
      try {
        take(expectParsed(parse(data)));
      } catch (cause) {
        fail(brokenProtocol(cause));
      }
    };
  }

  const rpc = openRpc(guestEndpoint(worker, ended, fail), {
    ready: () => watch?.started(),
    output: accept(parseOutput, takeOutput),
    ...importService.handlers,
    contexts: accept(parseContexts, (contexts) => writeContexts(contextWord, contexts)),
  });

  /** @throws WasiNNError, GuestError, GuestTrap how the request failed; the cause of the guest's end */
  function request(
    method: 'start' | 'perform',
    parameters: Start | Action,
    transfer: Transferable[],
  ): Promise<unknown> {
    return untilAborted(ended, async () => {
      const result = await rpc.request(method, parameters, { transfer }).catch((cause) => {
        throw toWasiNNError(cause, 'the values of the call cannot be passed on', 'invalid-argument');
      });
      // A function of the page may use the memory during a call.
      const endsCall = !('action' in parameters) || parameters.action === 'call' || parameters.action === 'run';
      return readOutcome(result, endsCall ? tail.cut() : tail);
    });
  }

  /** A response that cannot be read ends the guest. */
  function readOutcome(result: unknown, written: OutputTail): unknown {
    let error: Error;
    try {
      const outcome = expectParsed(parseOutcome(result));
      if ('value' in outcome) return outcome.value;
      error = toError(outcome.failure, exports.toHandles, written.text());
    } catch (cause) {
      error = brokenProtocol(cause);
      fail(error);
    }
    throw error;
  }

  const perform: Perform = async (action) => {
    if (action.action === 'read' || action.action === 'write') importService.refuseWhileBlocked();
    return request('perform', action, action.action === 'call' ? buffersGivenAway(action.values) : []);
  };

  const exports = createRemoteExports((name, values) => perform({ action: 'call', name, values }), ended);

  function takeBytes(stream: OutputStream, bytes: Uint8Array<ArrayBuffer>): void {
    tail.take(stream, bytes);
    output(stream, bytes);
  }

  /** What a listener throws must not hold up the guest. */
  function takeOutput(batch: OutputBatch): void {
    try {
      deliver(batch, takeBytes, onFault);
    } finally {
      acknowledge(acknowledged, batch.sent);
      if (!ended.aborted && !isShared(acknowledged.buffer)) rpc.notify('acknowledge', batch.sent);
    }
  }

  worker.onmessageerror = () => fail(brokenProtocol('it cannot be read'));
  worker.onerror = ({ message }) => {
    fail(workers.error('guest', message));
  };

  async function start(): Promise<Guest<Exports>> {
    const [prepared, environment] = await Promise.all([prepare(), gatherEnvironment()]);
    ended.throwIfAborted();
    watch = watchWorker('guest', startMilliseconds, (cause) => fail(workers.error('guest', cause)));
    const mailbox = blocks(prepared, waiting) ? createMailbox() : undefined;
    connection = connect(mailbox);
    const { port } = connection;
    const { lock } = watch;
    const shared = { mailbox, contextWord, acknowledged, replies: importService.replies };
    const parameters: Start = { prepared, port, environment, lock, waiting, ...shared };
    const started = parseStarted(await request('start', parameters, [port]));
    if (!started) throw brokenProtocol(unreadable);
    const { functions, hasMemory } = started;
    const arranged = prepared.kind === 'module' ? exports.arrangeModule(functions) : exports.arrange(functions);
    return toGuest(arranged, hasMemory ? toMemory(perform, ended) : undefined, () => fail(disposed()));
  }

  // A guest that cannot be started has no more use for its worker.
  start().then(resolve, fail);

  return {
    guest: promise,
    run: async () => toProgramEnd(await promise.then(() => perform({ action: 'run' }))),
    contexts: () => readContexts(contextWord),
    fail,
  };
}

/** The endpoint of a guest's worker, of which every message is parsed. */
function guestEndpoint(worker: Worker, ended: AbortSignal, fail: (reason: unknown) => void): Endpoint {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen(listener) {
      worker.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (ended.aborted) return;
        const message = parseGuestMessage(data);
        if (message) listener(message);
        else fail(brokenProtocol(unreadable));
      };
    },
  };
}

const unreadable = 'it is of no known kind, or too large';

function expectParsed<Message>(message: Message | undefined): Message {
  if (message === undefined) throw new Error(unreadable);
  return message;
}

type Perform = (action: Action) => Promise<unknown>;

function toGuest<Exports extends object>(
  exports: object,
  memory: GuestMemory | undefined,
  end: () => void,
): Guest<Exports> {
  return {
    // What the functions take and return is the caller's word: the guest's types are not known here.
    exports: exports as Exports,
    ...(memory ? { memory } : {}),
    dispose: end,
    [dispose]: end,
  };
}

function toMemory(perform: Perform, ended: AbortSignal): GuestMemory {
  async function read(address: number, length: number): Promise<Uint8Array> {
    const bytes = await perform({ action: 'read', address, length });
    if (bytes instanceof Uint8Array) return bytes;
    throw new WasiNNError('runtime-error', 'memory: the guest worker answered without bytes');
  }

  async function write(address: number, bytes: Uint8Array): Promise<void> {
    await perform({ action: 'write', address, bytes: new Uint8Array(bytes) });
  }

  return {
    read: (address, length) => untilAborted(ended, () => read(address, length)),
    write: (address, bytes) => untilAborted(ended, () => write(address, bytes)),
  };
}

function toProgramEnd(value: unknown): ProgramEnd {
  const end = parseProgramEnd(value);
  if (end) return end;
  throw new WasiNNError('runtime-error', "run: the guest's worker gave an answer of the wrong kind");
}

/** Only a worker that runs other code than this library's sends such a message. */
function brokenProtocol(cause: unknown): WasiNNError {
  return new WasiNNError(
    'runtime-error',
    `the guest was ended: its worker sent a message that cannot be accepted (${messageOf(cause)})`,
    { cause },
  );
}

function disposed(): WasiNNError {
  return new WasiNNError('runtime-error', 'the guest has been disposed of: instantiate it again');
}

/** Whether the guest's thread may block for the hub, and can. */
function blocks(prepared: PreparedGuest, wish: Waiting | undefined): boolean {
  const { suspend, block } = supportedWaiting();
  if (prepared.kind === 'module') return block && (wish === 'block' || !suspend);
  return block && prepared.waiting === 'block' && mayWait(prepared.component, false);
}
