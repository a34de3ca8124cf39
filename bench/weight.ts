import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Measured } from './results.js';

const script = path.resolve(import.meta.dirname, '../scripts/size.mjs');

let lines: Promise<string> | undefined;

/**
 * What a page downloads, compressed, as `scripts/size.mjs` counts it.
 *
 * @param what how the script calls it
 * @throws Error where `dist/standalone` is not built
 */
export async function measureWeight(what: string): Promise<Measured> {
  lines ??= promisify(execFile)(process.execPath, [script]).then(({ stdout }) => stdout);
  const line = (await lines).split('\n').find((candidate) => candidate.endsWith(`: ${what}`));
  const bytes = /^\s*([\d,]+) bytes/.exec(line ?? '')?.[1];
  if (bytes === undefined) throw new Error(`scripts/size.mjs says nothing of "${what}"`);
  return { ours: [Number(bytes.replaceAll(',', ''))] };
}
