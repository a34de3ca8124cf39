import { type FallbackProvider, fallbackProviders, isFallbackList } from '../models/parse-entry.js';
import { WasiNNError } from '../standard/error.js';
import { isVerify, type PowerPreference, type Verify, verifications } from '../standard/graph.js';

/** Checks of the options of `createWasiNN`. Each throws a WasiNNError `invalid-argument` that says what was expected. */

export function toFallback(fallback: unknown): boolean | readonly FallbackProvider[] {
  if (typeof fallback === 'boolean' || isFallbackList(fallback)) return fallback;
  throw unexpected('fallback', `true, false or a list of ${fallbackProviders.join(', ')}`);
}

export function toVerify(verify: unknown): Verify {
  if (isVerify(verify)) return verify;
  throw unexpected('verify', `${verifications.join(', ')}, true or false`);
}

/** @returns undefined for as many threads as there are cores, up to eight */
export function toThreads(threads: unknown): number | undefined {
  if (threads === undefined) return undefined;
  if (typeof threads === 'number' && Number.isInteger(threads) && threads >= 1 && threads <= 64) return threads;
  throw unexpected('threads', 'a whole number from 1 to 64');
}

export function toPowerPreference(preference: unknown): PowerPreference {
  if (preference === 'high-performance' || preference === 'low-power') return preference;
  throw unexpected('powerPreference', 'high-performance or low-power');
}

function unexpected(option: string, expected: string): WasiNNError {
  return new WasiNNError('invalid-argument', `${option}: expected ${expected}`);
}
