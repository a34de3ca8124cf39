import type { ContextCount } from '../bindings/context-count.js';
import type { OutputSink, ProgramEnvironment } from '../rpc/program-environment.js';
import type { Waiting } from '../rpc/waiting.js';
import type { WasiNNError } from '../standard/error.js';
import type { Connection } from './waiting.js';

/** What a guest is instantiated with. */
export interface Host {
  readonly environment: ProgramEnvironment;
  readonly output: OutputSink;
  readonly contexts: ContextCount;
  /** Told of an error whose text the guest cannot be told: that of a core module learns a number alone. */
  report(error: WasiNNError, functionName: string): void;
  /**
   * Connects the guest with the engine; called once.
   *
   * @param waits whether the guest imports functions that wait for the engine
   * @param wish how it waits. Default: as the page wants it to
   * @throws WasiNNError `unsupported-operation` where it does, and there is no way to wait
   */
  connect(waits: boolean, wish?: Waiting): Promise<Connection>;
}
