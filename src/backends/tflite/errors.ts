import { type ErrorCode, messageOf, WasiNNError } from '../../standard/error.js';

/** LiteRT quotes names from the model, which can be as long as the model is. */
const maximumReason = 2000;

/** LiteRT has no status codes, only words. */
const codes: readonly (readonly [ErrorCode, words: RegExp])[] = [
  ['unsupported-operation', /Didn't find op|unresolved custom op/i],
  ['invalid-encoding', /Failed to load model from buffer|invalidly specified in schema/i],
];

/**
 * What LiteRT threw for a model, as one of the standard's errors.
 *
 * @param errors what it has written besides: often the only reason that it gives
 */
export function toLoadError(cause: unknown, errors: readonly string[] = []): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  const reason = reasonOf(cause, errors);
  const code = codes.find(([, words]) => words.test(reason))?.[0] ?? 'runtime-error';
  return new WasiNNError(code, `load: LiteRT.js cannot load the model: ${reason}`, { cause });
}

/** What LiteRT threw, or wrote, for an inference. */
export function toComputeError(cause: unknown, errors: readonly string[] = []): WasiNNError {
  if (cause instanceof WasiNNError) return cause;
  return new WasiNNError('runtime-error', `compute: LiteRT.js failed: ${reasonOf(cause, errors)}`, { cause });
}

function reasonOf(cause: unknown, errors: readonly string[]): string {
  const reason = [...errors, messageOf(cause)].map((line) => line.replace(/\s+/g, ' ')).join('; ');
  return reason.length > maximumReason ? `${reason.slice(0, maximumReason)}…` : reason;
}
