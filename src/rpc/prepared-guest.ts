import type { ComponentInterface } from './component-interface.js';
import type { TranspiledGuest } from './transpiled-guest.js';
import type { ComponentWaiting, Waiting, WaitingSupport } from './waiting.js';

/** Where a guest comes from. It can be posted to a worker. */
export type GuestSource =
  | { readonly url: string }
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly blob: Blob }
  | { readonly transpiled: TranspiledGuest };

/** What the preparation of a guest depends on besides its source. */
export interface PreparationOptions {
  /** How the page wants the guest to wait. */
  readonly wish: Waiting | undefined;
  readonly supported: WaitingSupport;
  /** Whether a model may leave its outputs on a device. */
  readonly outputsMayStay: boolean;
  /** Whether the guest waits for the page when it reads its standard input. */
  readonly inputWaits: boolean;
}

/** A guest that is ready to be instantiated: nothing of it is left to fetch or to compile. It can be posted to a worker. */
export type PreparedGuest = PreparedModule | PreparedComponent;

export interface PreparedModule {
  readonly kind: 'module';
  readonly module: WebAssembly.Module;
}

export interface PreparedComponent {
  readonly kind: 'component';
  readonly component: ComponentInterface;
  /** The ES module that exports `instantiate`: its source, or the URL of one that a build step has made. */
  readonly glue: { readonly script: string } | { readonly url: string };
  /** By the names that the glue asks for: `guest.core2.wasm`. */
  readonly coreModules: ReadonlyMap<string, WebAssembly.Module>;
  /** How the glue waits. A component that never waits has glue that blocks. */
  readonly waiting: ComponentWaiting;
}
