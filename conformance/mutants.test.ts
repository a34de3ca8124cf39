import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { mutants } from './mutants.js';

const root = path.resolve(import.meta.dirname, '..');

it.each(mutants.map((mutant) => [mutant.what, mutant] as const))('%s: its place is in the source', (_what, mutant) => {
  const source = readFileSync(path.join(root, mutant.file), 'utf8');
  expect(source.split(mutant.from)).toHaveLength(2);
  expect(mutant.to).not.toBe(mutant.from);
});
