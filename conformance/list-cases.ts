import { type ErrorCode, isErrorCode } from '../src/standard/error.js';
import { isObjectWith } from '../src/standard/is-object-with.js';
import { commandModule, type Files, runCommand } from './run-command.js';

/** Whose rule it is that a fault is answered with a certain error code. */
export const definers = ['standard', 'wasmedge', 'suite'] as const;

export interface ExpectedError {
  readonly code: ErrorCode;
  readonly definedBy: (typeof definers)[number];
}

/** What a guest says of one of its cases. */
export interface ListedCase {
  readonly id: string;
  /** The names that it loads graphs by; `{target}` in one stands for the execution target. */
  readonly models: readonly string[];
  /** The files that it reads. */
  readonly files: readonly string[];
  /** Whether it is performed for every execution target, or for the CPU alone. */
  readonly eachTarget: boolean;
  /** The error that it provokes, if it does. */
  readonly error: ExpectedError | null;
}

/** Asks a guest of the suite for its cases. @param files cases of models exist where their files are */
export function listCases(wasm: Uint8Array, files: Files): ListedCase[] {
  const lines = runCommand(commandModule(wasm), { args: ['--list'], files }).split('\n');
  return lines.filter((line) => line !== '').map(parseCase);
}

function parseCase(line: string): ListedCase {
  const listed: unknown = JSON.parse(line);
  if (
    isObjectWith(listed, 'id') &&
    isObjectWith(listed, 'models') &&
    isObjectWith(listed, 'files') &&
    isObjectWith(listed, 'eachTarget') &&
    isObjectWith(listed, 'error')
  ) {
    const { id, models, files, eachTarget, error } = listed;
    if (typeof id === 'string' && typeof eachTarget === 'boolean' && isTexts(models) && isTexts(files)) {
      return { id, models, files, eachTarget, error: error === null ? null : parseError(error, line) };
    }
  }
  throw new Error(`expected a case of the suite, came: ${line}`);
}

function parseError(error: unknown, line: string): ExpectedError {
  if (isObjectWith(error, 'code') && isObjectWith(error, 'definedBy') && isErrorCode(error.code)) {
    const { code } = error;
    const definedBy = definers.find((definer) => definer === error.definedBy);
    if (definedBy) return { code, definedBy };
  }
  throw new Error(`expected an error code and who defines it, came: ${line}`);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
