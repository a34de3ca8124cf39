/** The parts of the JavaScript Promise Integration that are used here; TypeScript's library does not have them yet. */
export interface PromiseIntegration {
  /** Makes an import during whose promise the guest that called it is suspended. */
  readonly Suspending: new (
    action: (...values: never[]) => unknown,
  ) => WebAssembly.ExportValue;
  /** Makes an export in which such imports may be reached; it answers with a promise. */
  promising(action: WebAssembly.ExportValue): (...values: readonly unknown[]) => Promise<unknown>;
}

/** JSPI, where the browser has it. */
export function promiseIntegration(): PromiseIntegration | undefined {
  const candidate: object = WebAssembly;
  return hasPromiseIntegration(candidate) ? candidate : undefined;
}

function hasPromiseIntegration(candidate: object): candidate is PromiseIntegration {
  return 'Suspending' in candidate && 'promising' in candidate;
}
