import { maximumContexts, refuseMore } from '../rpc/limits.js';

/** How many execution contexts one guest has; its bindings count here, and have no more than it may. */
export interface ContextCount {
  readonly contexts: number;
  /**
   * Counts one more.
   *
   * @param operation what makes it, as its ABI has it
   * @returns what takes it off again, once
   * @throws WasiNNError `too-large` where the guest has as many as it may
   */
  add(operation: string): () => void;
}

/** @param onChange gets each new number */
export function createContextCount(onChange: (contexts: number) => void = () => undefined): ContextCount {
  let contexts = 0;

  function change(by: 1 | -1): void {
    contexts += by;
    onChange(contexts);
  }

  return {
    get contexts() {
      return contexts;
    },
    add(operation) {
      refuseMore(operation, contexts + 1, maximumContexts, 'execution contexts at a time');
      change(1);
      let counts = true;
      return () => {
        if (counts) change(-1);
        counts = false;
      };
    },
  };
}
