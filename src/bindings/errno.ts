import { type ErrorCode, WasiNNError } from '../standard/error.js';
import { TextError } from './text-errors.js';

/**
 * The results of functions for core modules (`$nn_errno` of wasi-nn.witx). A guest's generated code may have undefined
 * behaviour for a number that is not among them.
 */
export const errno = {
  success: 0,
  invalid_argument: 1,
  invalid_encoding: 2,
  missing_memory: 3,
  busy: 4,
  runtime_error: 5,
  unsupported_operation: 6,
  too_large: 7,
  not_found: 8,
} as const;

/** The numbers of the codes that WIT has. A call that timed out may be repeated, as one to a busy host may. */
const errnoOfCode: Readonly<Record<ErrorCode, number>> = {
  'invalid-argument': errno.invalid_argument,
  'invalid-encoding': errno.invalid_encoding,
  timeout: errno.busy,
  'runtime-error': errno.runtime_error,
  'unsupported-operation': errno.unsupported_operation,
  'too-large': errno.too_large,
  'not-found': errno.not_found,
  security: errno.unsupported_operation,
  unknown: errno.runtime_error,
};

/** The failure that has an errno but no code of its own: the host cannot read what the guest points to. */
export class MissingMemoryError extends WasiNNError {
  constructor(operation: string) {
    super('invalid-argument', `${operation}: the guest has no memory: export it under the name "memory"`);
  }
}

export function toErrno(error: WasiNNError): number {
  if (error instanceof TextError) return error.errno;
  return error instanceof MissingMemoryError ? errno.missing_memory : errnoOfCode[error.code];
}
