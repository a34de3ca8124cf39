/**
 * Runs actions one after another, each after the one before has ended. A guest that is suspended in one call must not be
 * entered by another: both would use the one stack that the guest has in its memory.
 */
export function createCallQueue(): <Result>(action: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    // An action that fails must not keep the others from running; the caller that queued it gets the error.
    const run = last.then(action);
    last = run.catch(() => undefined);
    return run;
  };
}
