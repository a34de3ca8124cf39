import type { WasiNNError } from '../standard/error.js';

/**
 * Gets each error that wasi-nn answers a guest with, for the page.
 *
 * @param functionName as the guest's ABI names it: `set_input`, or `set-input`
 */
export type ReportError = (error: WasiNNError, functionName: string) => void;

/** A report that fails is no reason to trap the guest. */
export function harmless(report: ReportError | undefined): ReportError {
  return (error, functionName) => {
    try {
      report?.(error, functionName);
    } catch {}
  };
}
