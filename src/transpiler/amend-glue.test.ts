import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openComponent } from './open-component.js';
import { transpile } from './transpile.js';

const file = path.resolve(import.meta.dirname, '../../guests/classifiers.component.wasm');

describe.skipIf(!existsSync(file))('the glue of our own guest (needs `npm run build:guests`)', () => {
  const transpileGuest = async (suspends: boolean) => {
    const bytes = Uint8Array.from(readFileSync(file));
    const { script } = await transpile(openComponent(bytes), suspends ? 'suspend-reading' : 'block');
    return script;
  };

  it.each([true, false])('checks the kind of each resource that a function takes; suspends: %s', async (suspends) => {
    const script = await transpileGuest(suspends);
    const checks = script.matchAll(/constructor\?\.name\.split\('\$'\)\[0\] !== '(\w+)' \|\| !handle/g);
    const kinds = [...checks].map(([, kind]) => kind);
    // models, classify, merge, same (both), take, swap (list and option), judge; and redeem.
    expect(kinds.filter((kind) => kind === 'Classifier')).toHaveLength(9);
    expect(kinds.filter((kind) => kind !== 'Classifier')).toEqual(['Ticket']);
  });

  it('decodes text with the byte order mark that it begins with', async () => {
    const script = await transpileGuest(false);
    expect(script).toContain("new TextDecoder('utf-8', { ignoreBOM: true })");
    expect(script).not.toContain('new TextDecoder()');
  });

  it('has static functions that wait where they are suspended, and only there', async () => {
    expect(await transpileGuest(true)).toMatch(/Classifier\.merge = async function/);
    expect(await transpileGuest(false)).toMatch(/Classifier\.merge = function/);
  });
});
