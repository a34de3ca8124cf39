/** Runs tasks one after another. */
export type Queue = <Result>(task: () => Promise<Result>) => Promise<Result>;

/**
 * Makes a queue that a failing task does not stop. onnxruntime-web needs one for each of its modules: concurrent
 * calls of create, run and release hang or reject in most of its builds.
 */
export function createQueue(): Queue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task, task);
    last = result;
    return result;
  };
}
