/** What a component asks of its host and offers to it, as its binary says. */
export interface ComponentInterface {
  /** The names of what is imported: `wasi:nn/graph@0.2.0-rc-2024-10-28`. */
  readonly imports: readonly string[];
  /** The names of exported functions: `classify`. */
  readonly functions: readonly string[];
  /** The names of exported interfaces, such as `wasi:cli/run@0.2.12`, with those of the functions in each. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>;
}

/**
 * Whether a component imports an interface with functions that wait.
 *
 * @param inputWaits whether the standard input comes from the page, piece by piece
 */
export function mayWait({ imports }: ComponentInterface, inputWaits: boolean): boolean {
  const waiting = [
    'wasi:nn/graph@',
    'wasi:nn/inference@',
    'wasi:nn/prompt@',
    ...(inputWaits ? ['wasi:cli/stdin@'] : []),
  ];
  return imports.some((name) => waiting.some((start) => name.startsWith(start)));
}
