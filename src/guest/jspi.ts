import { WasiNNError } from '../standard/error.js';

/** The parts of the JavaScript Promise Integration that are used here; TypeScript's library does not have them yet. */
interface PromiseIntegration {
  /** Makes an import during whose promise the guest that called it is suspended. */
  readonly Suspending: new (
    action: (...values: never[]) => unknown,
  ) => WebAssembly.ExportValue;
  /** Makes an export in which such imports may be reached; it answers with a promise. */
  promising(action: WebAssembly.ExportValue): (...values: readonly unknown[]) => Promise<unknown>;
}

/** @throws WasiNNError `unsupported-operation` where the browser cannot suspend WebAssembly */
export function promiseIntegration(): PromiseIntegration {
  const candidate: object = WebAssembly;
  if (hasPromiseIntegration(candidate)) return candidate;
  throw new WasiNNError(
    'unsupported-operation',
    'instantiate: this browser cannot suspend WebAssembly (JSPI): use Chrome or Edge 137, Firefox 153, Safari 27 or later',
  );
}

function hasPromiseIntegration(candidate: object): candidate is PromiseIntegration {
  return 'Suspending' in candidate && 'promising' in candidate;
}
