import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const folder = process.env.WASI_NN_FIXTURES ?? path.resolve(import.meta.dirname, '../../shared/fixtures');

/** The folder of real models and their expected outputs, where there is one: it is no part of the project. */
export const fixtures: string | undefined = existsSync(path.join(folder, 'golden.json')) ? folder : undefined;

export const withoutFixtures = `needs the models in ${path.relative(process.cwd(), folder)} (or WASI_NN_FIXTURES)`;

export function readFixture(name: string): Buffer {
  return readFileSync(path.join(folder, name));
}
