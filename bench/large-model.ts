import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { writeModel } from '../e2e/onnx-model.js';

/** A model of 200 MB that the benchmark makes itself: a table of numbers, of which it looks up a row. */
export const largeModel = path.resolve(import.meta.dirname, '../build/bench-models/large.onnx');

const columns = 1000;
const rows = 50_000;

/** Writes the model, unless it is there. @returns its SHA-256 digest */
export async function makeLargeModel(): Promise<string> {
  if (!existsSync(largeModel)) await write();
  const hash = createHash('sha256');
  await pipeline(createReadStream(largeModel), hash);
  return hash.digest('hex');
}

async function write(): Promise<void> {
  const table = Float32Array.from({ length: rows * columns }, (_, index) => index / 3);
  const model = writeModel({
    operator: 'Gather',
    inputs: [
      { name: 'table', type: 'FP32', shape: [rows, columns], data: new Uint8Array(table.buffer) },
      { name: 'row', type: 'I64', shape: [1] },
    ],
    output: { name: 'found', type: 'FP32', shape: [1, columns] },
  });
  await mkdir(path.dirname(largeModel), { recursive: true });
  // An earlier run may have been cut off.
  const partial = `${largeModel}.partial`;
  await writeFile(partial, model);
  await rename(partial, largeModel);
}
