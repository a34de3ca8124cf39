import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Ajv from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseEntry, Manifest } from './manifest.js';
import { guestFiles, pack } from './pack.js';
import { abis, guests } from './rows.js';
import { commandModule, readText, runCommand } from './run-command.js';
import { readTap } from './tap.js';

let folder: string;
let manifest: Manifest;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'conformance-suite-'));
  await pack(folder);
  manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8'));
});

afterAll(() => rm(folder, { recursive: true }));

function casesOf(wanted: CaseEntry['abi'], target: CaseEntry['target']): CaseEntry[] {
  return manifest.cases.filter((entry) => entry.abi === wanted && entry.target === target);
}

describe('the packed suite', () => {
  it('has a manifest that its schema allows', async () => {
    const schema = JSON.parse(await readFile(path.join(folder, 'manifest.schema.json'), 'utf8'));
    const validate = new Ajv().compile(schema);
    expect(validate(manifest) ? [] : validate.errors?.slice(0, 5)).toEqual([]);
  });

  it('has every file of the manifest, with its digest, and no case that needs another', async () => {
    for (const { path: name, byteLength, sha256 } of manifest.files) {
      const bytes = await readFile(path.join(folder, name));
      expect([name, bytes.byteLength]).toEqual([name, byteLength]);
      expect(createHash('sha256').update(bytes).digest('hex'), name).toBe(sha256);
    }
    const files = new Set(manifest.files.map(({ path: name }) => name));
    const models = new Map(manifest.models.map(({ name, file }) => [name, file]));
    for (const { id, guest, ...entry } of manifest.cases) {
      const needed = [guest, ...entry.files.map((name) => `files/${name}`)];
      const loaded = entry.models.map((name) => (models.has(name) ? (models.get(name) ?? guest) : `models/${name}`));
      expect(
        [...needed, ...loaded].filter((name) => !files.has(name)),
        id,
      ).toEqual([]);
    }
  });

  it.each(abis)('has every case of %s once, as the guest announces them', async (abi) => {
    const wasm = await readFile(path.join(folder, 'guests', guests[abi]));
    const features = new Set(casesOf(abi, 'cpu').map(({ feature }) => feature));
    // The guest runs without a host here, so it is asked to skip all cases.
    const args = [...features].flatMap((feature) => ['--without', feature]);
    const performed = readTap(runCommand(commandModule(wasm), { args, files: allFiles }));
    expect(casesOf(abi, 'cpu').map(({ id }) => id)).toEqual(performed.map(({ id }) => id));
    expect(new Set(performed.map(({ id }) => id)).size).toBe(performed.length);
  });

  it('names what a case loads and reads, as the guest does it', async () => {
    const guest = commandModule(await readFile(path.join(folder, 'guests', guests.witx)));
    const models = manifest.models.map(({ name }) => name);
    const files = Object.fromEntries(Object.entries(allFiles).filter(([name]) => !name.startsWith('onnx-backend/')));
    for (const target of ['cpu', 'gpu'] as const) {
      const cases = casesOf('witx', target).filter(({ feature }) => feature !== 'onnx-backend');
      for (const { id, arguments: args, ...entry } of cases) {
        const loaded: string[] = [];
        const opened: string[] = [];
        runCommand(guest, {
          args,
          files,
          nn: {
            ...refusing,
            load_by_name(memory, [address, length]) {
              const name = readText(memory, address, length);
              if (models.includes(name)) loaded.push(name);
              return 5;
            },
          },
          onOpen(name) {
            if (name in files) opened.push(name);
          },
        });
        expect([id, [...new Set(loaded)]]).toEqual([id, entry.models]);
        // A case of a converted model exists where its files are, even if it reads none.
        expect(entry.files, id).toEqual(expect.arrayContaining(opened));
      }
    }
  });

  it('marks whose rule an expected error is', () => {
    const errors = Object.fromEntries(
      manifest.cases.flatMap(({ id, expected }) => (expected.outcome === 'error' ? [[id, expected]] : [])),
    );
    expect(errors['name-errors/unknown']).toMatchObject({ code: 'not-found', definedBy: 'standard' });
    expect(errors['load-errors/html/onnx']).toMatchObject({ code: 'invalid-encoding', definedBy: 'suite' });
    expect(errors['unload/twice']).toMatchObject({ code: 'invalid-argument', definedBy: 'wasmedge' });
    expect(errors['echo/U8/rank-0']).toBeUndefined();
  });
});

const allFiles = guestFiles();

/** Every function of wasi-nn answers with a runtime error. */
const refusing = Object.fromEntries(
  [
    ...['load', 'load_by_name', 'load_by_name_with_config', 'init_execution_context', 'set_input', 'compute'],
    ...['get_output', 'compute_single', 'get_output_single', 'fini_single', 'unload', 'finalize_execution_context'],
  ].map((name) => [name, () => 5]),
);
