import type { ContextCount } from '../bindings/context-count.js';
import type { OutputSink, ProgramEnvironment } from '../rpc/program-environment.js';
import type { Waiting } from '../rpc/waiting.js';
import type { WasiNNError } from '../standard/error.js';
import type { PageCalls } from './page-functions.js';
import type { InputCalls } from './page-input.js';
import type { Connection } from './waiting.js';

/** What a guest is instantiated with. */
export interface Host {
  readonly environment: ProgramEnvironment;
  readonly output: OutputSink;
  readonly contexts: ContextCount;
  /** Gets each error that wasi-nn answers the guest with. A core module gets its number alone. */
  report(error: WasiNNError, functionName: string): void;
  /**
   * Connects the guest with the hub; called once.
   *
   * @param waits whether the guest imports functions that wait for the hub, or for the page
   * @param wish how it waits. Default: as the page wants it to
   * @throws WasiNNError `unsupported-operation` where it does, and there is no way to wait
   */
  connect(waits: boolean, wish?: Waiting): Promise<Connection>;
  /** The guest's way to the functions of the page that it imports. */
  readonly page: PageCalls;
  /** The guest's way to a standard input that the page provides piece by piece. */
  readonly input: InputCalls;
}
