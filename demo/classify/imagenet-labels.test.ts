import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imagenetLabels } from './imagenet-labels.js';

const { WASI_NN_FIXTURES: fixtures = '../shared/fixtures' } = process.env;
const synsetFile = resolve(fixtures, 'labels/imagenet-synset.txt');

/** The names that one line, `n01440764 tench, Tinca tinca`, gives its class. */
function synonymsOf(line: string): string[] {
  const names = line.slice(line.indexOf(' ') + 1);
  return names.split(',').map((name) => name.trim().toLowerCase());
}

/** A label without what tells it from another of the same name: `crane (bird)` is a crane. */
function plainName(label: string): string {
  return label.replace(/ \(.*\)$/, '').toLowerCase();
}

describe('imagenetLabels', () => {
  it('names 1000 classes, each differently', () => {
    expect(imagenetLabels).toHaveLength(1000);
    expect(new Set(imagenetLabels.map((label) => label.toLowerCase())).size).toBe(1000);
  });

  it('has no name that is empty or padded', () => {
    expect(imagenetLabels.filter((label) => label === '' || label !== label.trim())).toEqual([]);
  });

  it.skipIf(!existsSync(synsetFile))(`names each class with one of its synonyms (needs ${fixtures})`, () => {
    const lines = readFileSync(synsetFile, 'utf8').trim().split('\n');
    const strangers = imagenetLabels.filter((label, position) => {
      return !synonymsOf(lines[position] ?? '').includes(plainName(label));
    });
    expect(strangers).toEqual([]);
  });
});
