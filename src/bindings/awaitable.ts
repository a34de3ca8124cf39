import type { Awaitable } from '../engine/link.js';

/** Goes on with an answer: at once where it is there, so that a guest that cannot be suspended never gets a promise. */
export function andThen<Value, Result>(answer: Awaitable<Value>, next: (value: Value) => Result): Awaitable<Result> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}
