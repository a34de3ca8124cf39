/** The symbols that `using` and `await using` look for. Where a browser lacks them, code that was compiled for it has these. */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for('dispose');
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('asyncDispose');
