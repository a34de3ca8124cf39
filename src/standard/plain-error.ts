import { type ErrorCode, isErrorCode, toWasiNNError, WasiNNError } from './error.js';
import { isObjectWith } from './is-object-with.js';

/** A `WasiNNError` as it crosses threads: structured cloning would lose its code. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** @param context what was being done, for what is not a `WasiNNError` already */
export function toPlainError(cause: unknown, context = 'the library failed'): PlainError {
  const { code, message } = toWasiNNError(cause, context);
  return { code, message };
}

export function fromPlainError({ code, message }: PlainError): WasiNNError {
  return new WasiNNError(isErrorCode(code) ? code : 'unknown', message);
}

export function isPlainError(value: unknown): value is PlainError {
  return isObjectWith(value, 'code') && isObjectWith(value, 'message') && typeof value.message === 'string';
}
