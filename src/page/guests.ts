import type { Mailbox } from '../rpc/mailbox.js';
import type { OnFault } from '../rpc/output-batch.js';
import type { PreparedGuest } from '../rpc/prepared-guest.js';
import type { OutputSink } from '../rpc/program-environment.js';
import { supportedWaiting } from '../rpc/waiting.js';
import { isModule, isUint8Array } from '../standard/brand-checks.js';
import { WasiNNError } from '../standard/error.js';
import { type StartedGuest, startGuest } from './guest.js';
import type { Guest } from './guest-interface.js';
import { type GuestInput, toGuestSource } from './guest-source.js';
import { parseImports } from './page-imports.js';
import type { PageWorkers } from './page-workers.js';
import type { HubPort } from './remote-hub.js';
import { createRemoteTranspiler } from './remote-transpiler.js';
import { type EnvironmentOptions, gatherEnvironment, OutputCapture, type RunResult } from './run.js';
import { parseInput } from './standard-input.js';
import { toRecord } from './to-record.js';

export interface GuestsOptions {
  readonly workers: PageWorkers;
  /** How long the transpiler may work on one component. */
  readonly transpileMilliseconds: number;
  /** How long a worker may take to start. */
  readonly startMilliseconds: number;
  /** Aborted when wasi-nn is disposed of on this page. */
  readonly disposed: AbortSignal;
  /** Has the hub start an engine, while a guest is prepared. */
  startEngine(): void;
  /** Makes a guest a client of the hub. */
  connect(mailbox: Mailbox | undefined): HubPort;
  /** Whether a model of the registry leaves its outputs on a device. */
  outputsMayStay(): boolean;
  readonly onFault: OnFault;
}

/** The guests of a page. The page fetches this code when it starts the first of them. */
export interface Guests {
  instantiate<Exports extends object>(input: GuestInput, options: EnvironmentOptions): Promise<Guest<Exports>>;
  run(input: GuestInput, options: EnvironmentOptions): Promise<RunResult>;
  /** How many execution contexts all of them have. */
  contexts(): number;
  /** Ends all of them. */
  fail(cause: WasiNNError): void;
  /** Ends all of them, and the transpiler. */
  dispose(cause: WasiNNError): void;
}

export function createGuests({
  workers,
  transpileMilliseconds,
  startMilliseconds,
  disposed,
  startEngine,
  connect,
  outputsMayStay,
  onFault,
}: GuestsOptions): Guests {
  const running = new Set<StartedGuest<object>>();
  const transpiler = createRemoteTranspiler(workers, transpileMilliseconds, startMilliseconds);

  async function prepare(
    input: GuestInput,
    { waiting, signal }: EnvironmentOptions,
    inputWaits: boolean,
  ): Promise<PreparedGuest> {
    if (isModule(input)) return { kind: 'module', module: input };
    const source = await toGuestSource(input);
    const supported = supportedWaiting();
    const options = { wish: waiting, supported, outputsMayStay: outputsMayStay(), inputWaits };
    return transpiler.prepare(source, options, signal);
  }

  /** Starts a guest that ends with its signal. */
  function start<Exports extends object>(
    input: GuestInput,
    options: EnvironmentOptions,
    output: OutputSink,
  ): StartedGuest<Exports> {
    const { signal, waiting } = options;
    const ending = signal ? AbortSignal.any([signal, disposed]) : disposed;
    ending.throwIfAborted();
    const ended = { ...options, signal: ending };
    const imports = parseImports(options.imports ?? {});
    const stdin = parseInput(options.stdin ?? '', (error) => onFault(error, 'stdin', 0));
    const source = isUint8Array(stdin) ? undefined : stdin;
    startEngine();
    const abort = () => started.fail(signal?.reason);
    const onEnd = () => {
      running.delete(started);
      source?.cancel(new WasiNNError('runtime-error', 'stdin: the guest has ended'));
      signal?.removeEventListener('abort', abort);
    };
    const started = startGuest<Exports>({
      workers,
      prepare: () => prepare(input, ended, source !== undefined),
      gatherEnvironment: () => gatherEnvironment(ended, imports.names, isUint8Array(stdin) ? stdin : 'page'),
      connect,
      imports,
      input: source,
      output,
      onFault,
      waiting,
      startMilliseconds,
      onEnd,
    });
    running.add(started);
    signal?.addEventListener('abort', abort);
    return started;
  }

  function fail(cause: WasiNNError): void {
    for (const guest of [...running]) guest.fail(cause);
  }

  return {
    async instantiate<Exports extends object>(input: GuestInput, options: EnvironmentOptions) {
      const { guest } = start<Exports>(input, options, (stream, bytes) => options[stream]?.(bytes));
      return guest;
    },
    async run(input, options) {
      const capture = new OutputCapture();
      const program = start(input, options, (stream, bytes) => {
        capture.take(stream, bytes);
        options[stream]?.(bytes);
      });
      try {
        const { exitCode, files } = await program.run();
        return { exitCode, stdout: capture.text('stdout'), stderr: capture.text('stderr'), files: toRecord(files) };
      } finally {
        program.fail(new WasiNNError('runtime-error', 'run: the program has ended'));
      }
    },
    contexts: () => Array.from(running, (guest) => guest.contexts()).reduce((total, count) => total + count, 0),
    fail,
    dispose(cause) {
      fail(cause);
      transpiler.dispose(cause);
    },
  };
}
