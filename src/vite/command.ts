#!/usr/bin/env node
import { messageOf } from '../standard/error.js';
import { writeTypes } from './write-types.js';

/** The command `wasi-nn-web`. It ends with 0, with 1 where a component has no types, with 2 where it is called wrongly. */

const usage = `usage: wasi-nn-web types [FOLDER…]

Writes the types of each *.component.wasm beside it, for TypeScript. The default folder is the current one.`;

const [name, ...folders] = process.argv.slice(2);
if (name === 'types') await writeAll(folders.length === 0 ? ['.'] : folders);
else {
  process.exitCode = name === '--help' ? 0 : 2;
  process[name === '--help' ? 'stdout' : 'stderr'].write(`${usage}\n`);
}

async function writeAll(searched: readonly string[]): Promise<void> {
  try {
    for (const folder of searched) {
      for (const file of await writeTypes(folder)) process.stdout.write(`${file}\n`);
    }
  } catch (cause) {
    process.stderr.write(`wasi-nn-web types: ${messageOf(cause)}\n`);
    process.exitCode = 1;
  }
}
