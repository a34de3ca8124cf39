/**
 * The checks of a build for tests (`vite build --mode unchecked`): a script that runs in the transpiler's worker before
 * its own leaves a check out by `globalThis.uncheckedNames = true`, or `globalThis.uncheckedGlue = true`.
 */
export const checks = {
  get names(): boolean {
    return !Reflect.has(globalThis, 'uncheckedNames');
  },
  get glue(): boolean {
    return !Reflect.has(globalThis, 'uncheckedGlue');
  },
};
