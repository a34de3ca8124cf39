import type { OutputSink, ProgramEnvironment } from './program.js';
import type { Connection } from './waiting.js';

/** What a guest is instantiated with. */
export interface Host {
  readonly environment: ProgramEnvironment;
  readonly output: OutputSink;
  /**
   * Connects the guest with the engine; called once.
   *
   * @param waits whether the guest imports functions that wait for the engine
   * @throws WasiNNError `unsupported-operation` where it does, and there is no way to wait
   */
  connect(waits: boolean): Connection;
}
