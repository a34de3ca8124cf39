/** A value, or the promise of one: which of them depends on how a guest's thread reaches the engine. */
export type Awaitable<Value> = Value | Promise<Value>;

/** Goes on with an answer: at once where it is there, so that a guest that cannot be suspended never gets a promise. */
export function andThen<Value, Result>(
  answer: Awaitable<Value>,
  next: (value: Value) => Awaitable<Result>,
): Awaitable<Result> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}

/** Does something again and again, until it answers that it is done. */
export function untilDone(step: () => Awaitable<boolean>): Awaitable<void> {
  for (;;) {
    const answer = step();
    if (answer instanceof Promise) return goOn(answer, step);
    if (answer === true) return undefined;
  }
}

async function goOn(first: Promise<boolean>, step: () => Awaitable<boolean>): Promise<void> {
  let isDone = await first;
  while (!isDone) isDone = await step();
}

/** Does something, and something else where it fails, now or later. */
export function orElse<Value>(
  action: () => Awaitable<Value>,
  recover: (cause: unknown) => Awaitable<Value>,
): Awaitable<Value> {
  let answer: Awaitable<Value>;
  try {
    answer = action();
  } catch (cause) {
    return recover(cause);
  }
  return answer instanceof Promise ? answer.catch(recover) : answer;
}

/** Does something, and something else when that has ended, now or later, however it ends. */
export function lastly<Value>(action: () => Awaitable<Value>, end: () => void): Awaitable<Value> {
  let answer: Awaitable<Value>;
  try {
    answer = action();
  } catch (cause) {
    end();
    throw cause;
  }
  if (answer instanceof Promise) return answer.finally(end);
  end();
  return answer;
}
