import type { ComponentInterface } from './component-interface.js';
import type { Waiting } from './waiting.js';

/** A component that was transpiled in a build step, by where its parts lie. It can be posted to a worker. */
export interface TranspiledGuest {
  /** The URLs of the ES modules that jco made of it: one for each way in which the guest can wait for the engine. */
  readonly glue: Readonly<Record<Waiting, string>>;
  /** The URLs of the core modules in it, by the names that the glue asks for. */
  readonly coreModules: Readonly<Record<string, string>>;
  readonly component: ComponentInterface;
}
