import type { Failure } from '../rpc/guest-protocol.js';
import { fromPlainError } from '../standard/plain-error.js';
import { describeValue } from './describe-value.js';
import type { OutputText } from './output-tail.js';

/**
 * A guest's function answered with the error that its WIT type declares. It has no `wasmStack`: the function has returned, and
 * the guest goes on.
 */
export class GuestError extends Error {
  override readonly name = 'GuestError';
  /** The error value, as its WIT type says. */
  readonly payload: unknown;
  /** What the guest wrote during the call: the last 16 KiB of each stream, as UTF-8. */
  readonly stdout: string;
  readonly stderr: string;

  constructor(payload: unknown, { stdout, stderr }: OutputText = noOutput) {
    super(`the guest answered with an error: ${describeValue(payload)}`);
    this.payload = payload;
    this.stdout = stdout;
    this.stderr = stderr;
  }
}

/**
 * A guest trapped. It must not be called again: every later call rejects with a WasiNNError `runtime-error`.
 *
 * The message begins with what the guest wrote to its standard error during the call, such as the text of a Rust panic, and
 * ends with what the browser says of the trap. `stack` has all frames.
 */
export class GuestTrap extends Error {
  override readonly name = 'GuestTrap';
  /** What the guest wrote during the call: the last 16 KiB of each stream, as UTF-8. */
  readonly stdout: string;
  readonly stderr: string;
  /** The WebAssembly functions that were running, the innermost first, a line for each, as the browser spells them. */
  readonly wasmStack: string;

  constructor(reason: string, stack = '', { stdout, stderr }: OutputText = noOutput) {
    super(describeTrap(reason, stderr));
    this.stdout = stdout;
    this.stderr = stderr;
    const frames = framesOf(stack);
    this.wasmStack = frames.filter((frame) => wasmFrame.test(frame)).join('\n');
    this.stack = [`${this.name}: ${this.message}`, ...frames].join('\n');
  }
}

const noOutput: OutputText = { stdout: '', stderr: '' };

/** The most UTF-16 code units of the standard error that a message shows. */
const maxShown = 2000;

function describeTrap(reason: string, stderr: string): string {
  const written = stderr.trim();
  if (written === '') return reason;
  const shown = written.length > maxShown ? `…${written.slice(-maxShown)}` : written;
  return `${shown}\n(the guest trapped: ${reason})`;
}

/** The frames of a stack. Chromium puts the error's name and message before them, in lines of their own. */
function framesOf(stack: string): string[] {
  const lines = stack.split('\n').filter((line) => line.trim() !== '');
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  return first === -1 ? lines.filter((line) => line.includes('@')) : lines.slice(first);
}

/** As Chromium, Firefox and WebKit write a frame of WebAssembly. */
const wasmFrame = /wasm:\/\/|wasm-function|\[wasm code\]/;

/** @param toHandles puts handles in place of the guest's resources in the error of a WIT result */
export function toError(failure: Failure, toHandles: (value: unknown) => unknown, written: OutputText): Error {
  switch (failure.kind) {
    case 'result':
      return new GuestError(toHandles(failure.payload), written);
    case 'error':
      return fromPlainError(failure.error);
    case 'trap':
      return new GuestTrap(failure.message, failure.stack, written);
  }
}
