import { createContextWord, readContexts, writeContexts } from '../rpc/context-counter.js';
import type { Action, Failure, GuestMessage, PageMessage } from '../rpc/guest-protocol.js';
import { acknowledge, createAcknowledgement, deliver, type OnFault, type OutputBatch } from '../rpc/output-batch.js';
import type { PreparedGuest } from '../rpc/prepared-guest.js';
import type { OutputSink, ProgramEnvironment } from '../rpc/program-environment.js';
import { isShared } from '../rpc/shared-memory.js';
import type { Waiting } from '../rpc/waiting.js';
import { messageOf, toWasiNNError, WasiNNError } from '../standard/error.js';
import { fromPlainError } from '../standard/plain-error.js';
import { watchWorker } from '../standard/worker-watch.js';
import { describeValue } from './describe-value.js';
import type { PageWorkers } from './page-workers.js';
import { parseGuestMessage } from './parse-guest-message.js';
import type { HubPort } from './remote-hub.js';
import { createRemoteExports } from './remote-resources.js';
import { buffersGivenAway } from './transfer.js';
import { untilAborted } from './until-aborted.js';

/** A function that a guest exports. */
export type RemoteFunction = (...values: never[]) => Promise<unknown>;

/** A function, or what has functions: an interface, a resource. */
export type GuestExport = RemoteFunction & { readonly [name: string]: GuestExport };

/**
 * The functions that a guest exports, by their names in camel case; a core module's also by their own names. Those in
 * an exported interface stand in an object by the interface's full name: `exports['my:package/api@1.0.0'].classify`.
 * A resource is an object with its static functions, and its constructor as `create`, which resolves to a handle (see
 * `GuestResource`): `exports['my:package/api@1.0.0'].Classifier.create('digits')`.
 */
export type GuestExports = Readonly<Record<string, GuestExport>>;

/** A running guest. */
export interface Guest<Exports extends object = GuestExports> {
  /**
   * Calls into the guest, which answers from its own thread. Values follow jco's mapping of WIT: records are objects,
   * enums strings, `list<u8>` a Uint8Array. A WIT result resolves to its value or rejects with a {@link GuestError}.
   * A handle that is passed as `own` is given away; it rejects with a WasiNNError `invalid-argument` from then on.
   * Bytes are copied, unless they are marked with `transfer`; those that went with an earlier call are refused with
   * `invalid-argument`, as is what cannot be copied. Calls run one after another, in the order in which they were made.
   */
  readonly exports: Exports;
  /** A core module's memory, where it exports one as `memory`: what its functions' pointers point into. */
  readonly memory?: GuestMemory;
  /** Ends the guest's thread, and gives back its graphs. Calls under way are rejected; disposing twice is harmless. */
  dispose(): void;
}

/**
 * The memory of a guest, across threads. Addresses and lengths are in bytes. Reads and writes take turns with the calls of
 * functions, in the order in which they were made.
 */
export interface GuestMemory {
  /** @throws WasiNNError `invalid-argument` outside of the memory */
  read(address: number, length: number): Promise<Uint8Array>;
  /** @throws WasiNNError `invalid-argument` outside of the memory */
  write(address: number, bytes: Uint8Array): Promise<void>;
}

/** A guest's function answered with the error that its WIT type declares. */
export class GuestError extends Error {
  override readonly name = 'GuestError';
  /** The error value, as its WIT type says. */
  readonly payload: unknown;

  constructor(payload: unknown) {
    super(`the guest answered with an error: ${describeValue(payload)}`);
    this.payload = payload;
  }
}

/** A guest trapped; its instance should not be used any more. `stack` has the WebAssembly frames. */
export class GuestTrap extends Error {
  override readonly name = 'GuestTrap';

  constructor(message: string, stack: string) {
    super(message);
    this.stack = stack;
  }
}

interface Question {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** A guest on its way, and the means to end it from outside, when the engine it depends on fails. */
export interface StartedGuest<Exports extends object = GuestExports> {
  readonly guest: Promise<Guest<Exports>>;
  /** Runs the guest as a program and resolves to its exit code. */
  run(): Promise<number>;
  /** How many execution contexts the guest has. */
  contexts(): number;
  fail(reason: unknown): void;
}

/** What a guest is started with. */
export interface GuestOptions {
  readonly workers: PageWorkers;
  readonly prepared: PreparedGuest;
  readonly connection: HubPort;
  readonly environment: ProgramEnvironment;
  readonly output: OutputSink;
  /** Called with the errors of which the guest learns the number alone. */
  readonly onFault: OnFault;
  readonly waiting: Waiting | undefined;
  /** How long its worker may take to start. */
  readonly startMilliseconds: number;
  /** Called once, when the guest has ended for whatever reason. */
  onEnd(): void;
}

/**
 * Starts a guest in a worker of its own.
 *
 * @throws WasiNNError what `instantiate` throws, or `runtime-error` where the worker cannot be started
 */
export function startGuest<Exports extends object>({
  workers,
  prepared,
  connection,
  environment,
  output,
  onFault,
  waiting,
  startMilliseconds,
  onEnd,
}: GuestOptions): StartedGuest<Exports> {
  const worker = workers.start('guest');
  const watch = watchWorker('guest', startMilliseconds, (cause) => fail(workers.error('guest', cause)));
  const contextWord = createContextWord();
  const acknowledged = createAcknowledgement();
  const questions = new Map<number, Question>();
  let nextId = 0;
  const ending = new AbortController();
  const ended = ending.signal;
  const { promise, resolve, reject } = Promise.withResolvers<Guest<Exports>>();

  const tell = (message: PageMessage, transfer: Transferable[] = []) => worker.postMessage(message, transfer);

  function fail(reason: unknown): void {
    if (ended.aborted) return;
    ending.abort(reason);
    watch.stop();
    worker.terminate();
    connection.close();
    reject(reason);
    for (const question of questions.values()) question.reject(reason);
    questions.clear();
    onEnd();
  }

  function ask(action: Action): Promise<unknown> {
    if (ended.aborted) return Promise.reject(ended.reason);
    return new Promise((resolve, reject) => {
      const id = nextId++;
      try {
        tell({ ...action, type: 'ask', id }, action.action === 'call' ? buffersGivenAway(action.values) : []);
        questions.set(id, { resolve, reject });
      } catch (cause) {
        reject(toWasiNNError(cause, 'the values of the call cannot be passed on', 'invalid-argument'));
      }
    });
  }

  const exports = createRemoteExports((name, values) => ask({ action: 'call', name, values }), ended);

  function receive(message: GuestMessage): void {
    switch (message.type) {
      case 'started': {
        const { functions, hasMemory } = message;
        const arranged = prepared.kind === 'module' ? exports.arrangeModule(functions) : exports.arrange(functions);
        resolve(toGuest(arranged, hasMemory ? toMemory(ask, ended) : undefined, () => fail(disposed())));
        return;
      }
      case 'refused':
        fail(toError(message.failure, exports.toHandles));
        return;
      case 'ready':
        watch.started();
        return;
      case 'output':
        takeOutput(message);
        return;
      case 'contexts':
        writeContexts(contextWord, message.contexts);
        return;
      case 'answered':
        take(message.id).resolve(message.value);
        return;
      case 'failed': {
        // Before the question is taken: a value that cannot be read ends the guest, and so every question that is left.
        const error = toError(message.failure, exports.toHandles);
        take(message.id).reject(error);
      }
    }
  }

  /** What a listener throws must not hold up the guest. */
  function takeOutput(batch: OutputBatch): void {
    try {
      deliver(batch, output, onFault);
    } finally {
      acknowledge(acknowledged, batch.sent);
      if (!ended.aborted && !isShared(acknowledged.buffer)) tell({ type: 'acknowledge', sent: batch.sent });
    }
  }

  /** @throws Error where nothing was asked, or it has been answered */
  function take(id: number): Question {
    const question = questions.get(id);
    if (!question) throw new Error(`nobody waits for the answer ${id}`);
    questions.delete(id);
    return question;
  }

  worker.onmessage = ({ data }: MessageEvent<unknown>) => {
    if (ended.aborted) return;
    const message = parseGuestMessage(data);
    try {
      if (!message) throw new Error('it is of no known kind, or too large');
      receive(message);
    } catch (cause) {
      fail(brokenProtocol(cause));
    }
  };
  worker.onmessageerror = () => fail(brokenProtocol('it cannot be read'));
  worker.onerror = ({ message }) => {
    fail(workers.error('guest', message));
  };
  const { port } = connection;
  const { lock } = watch;
  tell({ type: 'start', prepared, port, environment, contextWord, acknowledged, lock, waiting }, [port]);

  return {
    guest: promise,
    run: async () => exitCode(await promise.then(() => ask({ action: 'run' }))),
    contexts: () => readContexts(contextWord),
    fail,
  };
}

type Ask = (action: Action) => Promise<unknown>;

function toGuest<Exports extends object>(
  exports: object,
  memory: GuestMemory | undefined,
  dispose: () => void,
): Guest<Exports> {
  return {
    // What the functions take and return is the caller's word: the guest's types are not known here.
    exports: exports as Exports,
    ...(memory ? { memory } : {}),
    dispose,
  };
}

function toMemory(ask: Ask, ended: AbortSignal): GuestMemory {
  async function read(address: number, length: number): Promise<Uint8Array> {
    const bytes = await ask({ action: 'read', address, length });
    if (bytes instanceof Uint8Array) return bytes;
    throw new WasiNNError('runtime-error', 'memory: the guest worker answered without bytes');
  }

  async function write(address: number, bytes: Uint8Array): Promise<void> {
    await ask({ action: 'write', address, bytes: new Uint8Array(bytes) });
  }

  return {
    read: (address, length) => untilAborted(ended, () => read(address, length)),
    write: (address, bytes) => untilAborted(ended, () => write(address, bytes)),
  };
}

function exitCode(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new WasiNNError('runtime-error', 'run: the guest worker answered without an exit code');
}

function toError(failure: Failure, toHandles: (value: unknown) => unknown): Error {
  switch (failure.kind) {
    case 'result':
      return new GuestError(toHandles(failure.payload));
    case 'error':
      return fromPlainError(failure.error);
    case 'trap':
      return new GuestTrap(failure.message, failure.stack);
  }
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
