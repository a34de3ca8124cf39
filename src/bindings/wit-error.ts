import type { Awaitable } from '../rpc/inference-client.js';
import { type ErrorCode, toWasiNNError } from '../standard/error.js';
import type { ReportError } from './report-error.js';

/** A failure as WIT has it (resource `error`). */
export class WitError {
  readonly #code: ErrorCode;
  readonly #data: string;

  constructor(code: ErrorCode, data: string) {
    this.#code = code;
    this.#data = data;
  }

  code(): ErrorCode {
    return this.#code;
  }

  data(): string {
    return this.#data;
  }
}

/** Does something that answers at once, and turns every failure into one that the guest can read. */
export function attemptNow<Result>(report: ReportError, what: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    throw toWitError(report, cause, what);
  }
}

/** Does something that may answer now or later, and turns every failure into one that the guest can read. */
export function attempt<Value, Result>(
  report: ReportError,
  what: string,
  action: () => Awaitable<Value>,
  succeed: (value: Value) => Result,
  fail: (error: WitError) => Result = raise,
): Awaitable<Result> {
  const failWith = (cause: unknown) => fail(toWitError(report, cause, what));
  try {
    const answer = action();
    return answer instanceof Promise ? answer.then(succeed).catch(failWith) : succeed(answer);
  } catch (cause) {
    return failWith(cause);
  }
}

function toWitError(report: ReportError, cause: unknown, what: string): WitError {
  const error = toWasiNNError(cause, what, 'unknown');
  report(error, what);
  return new WitError(error.code, error.message);
}

function raise(error: WitError): never {
  throw error;
}
