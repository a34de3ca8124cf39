import type { WasiNN } from '../create-wasi-nn.js';
import type { Guest, GuestExports } from '../guest/guest.js';
import type { EnvironmentOptions, RunResult } from '../guest/run.js';

/** What `import guest from './classify.component.wasm'` gives. */
export interface GuestModule<Exports extends object> {
  /**
   * Starts the guest in a worker of its own.
   *
   * @throws WasiNNError where the guest needs what is not there; its message says what
   */
  instantiate(nn: WasiNN, options?: EnvironmentOptions): Promise<Guest<Exports>>;
  /**
   * Runs the guest to its end, where it is a program.
   *
   * @throws WasiNNError as `instantiate`; GuestTrap when the program traps
   */
  run(nn: WasiNN, options?: EnvironmentOptions): Promise<RunResult>;
}

/** What `import guest from './plain.wasm?guest'` gives: nothing is known of what it exports. */
export interface UntypedGuestModule extends GuestModule<GuestExports> {
  /** @typeParam Exports the exported functions as the guest's author knows them; nothing checks that it is so */
  instantiate<Exports extends object = GuestExports>(nn: WasiNN, options?: EnvironmentOptions): Promise<Guest<Exports>>;
}

/**
 * The exports of a guest, of what jco declares them to be: functions, and interfaces by their full names. They answer
 * from the guest's thread, with promises. The classes of resources are left out, since resources stay in the guest.
 */
export type ExportsOf<Root> = Functions<Root> & {
  readonly [Name in keyof Root as Name extends `${string}:${string}` ? Name : never]: Functions<Root[Name]>;
};

type Functions<Holder> = {
  readonly [Name in keyof Holder as Holder[Name] extends (...values: never[]) => unknown ? Name : never]: Promised<
    Holder[Name]
  >;
};

type Promised<Declared> = Declared extends (...values: infer Values) => infer Value
  ? (...values: Values) => Promise<Awaited<Value>>
  : never;
