/** The kinds of failure (`enum error-code`). */
export const errorCodes = [
  'invalid-argument',
  'invalid-encoding',
  'timeout',
  'runtime-error',
  'unsupported-operation',
  'too-large',
  'not-found',
  'security',
  'unknown',
] as const;

/**
 * The kind of a failure, as WIT spells it: `invalid-argument`, `invalid-encoding`, `timeout`, `runtime-error`,
 * `unsupported-operation`, `too-large`, `not-found`, `security` or `unknown`.
 */
export type ErrorCode = (typeof errorCodes)[number];

/**
 * A failure with one of the standard's codes. The message says what was expected, what came and what to do; a guest
 * reads it as the error's `data`.
 */
export class WasiNNError extends Error {
  override readonly name = 'WasiNNError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return errorCodes.some((code) => code === value);
}

/**
 * Turns whatever was thrown into a {@link WasiNNError}: runtimes compiled from C++ throw bare numbers and strings too.
 *
 * @param context what was being done, put before the cause's own message
 */
export function toWasiNNError(cause: unknown, context: string, code: ErrorCode = 'runtime-error'): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  return new WasiNNError(code, `${context}: ${messageOf(cause)}`, { cause });
}

/** The text of anything that can be thrown. */
export function messageOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message || cause.name;
  if (typeof cause === 'number') return `the runtime stopped with the bare code ${cause}`;
  try {
    return String(cause);
  } catch {
    return 'something without a text was thrown';
  }
}

/** What JSON leaves as it is, and what a reader does not see, or sees as a new line or in another order. */
const invisible = /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** A name as error texts show it: quoted, escaped, and not longer than a reader wants. */
export function quote(name: string): string {
  const text = JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
  return text.replace(invisible, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
