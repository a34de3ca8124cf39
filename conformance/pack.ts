import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'vite';
import { fixtures } from '../e2e/fixture-data.js';
import { identityModel } from '../e2e/onnx-model.js';
import { importedModels } from './imported-models.js';
import { caseEntries, type FileEntry, guestEntries, type Manifest, modelEntries } from './manifest.js';
import { onnxBackendFiles } from './onnx-backend.js';
import { modelTypes } from './rows.js';
import type { Files } from './run-command.js';

const root = path.resolve(import.meta.dirname, '..');

/** The files that the guests find around them. ONNX's own backend tests are among them where the test fixtures are there. */
export function guestFiles(): Files {
  const backendTests = fixtures ? onnxBackendFiles() : {};
  return Object.fromEntries<Uint8Array<ArrayBuffer>>([
    ...modelTypes.map((type) => [`models/identity-${type}.onnx`, identityModel(type)] as const),
    ...Object.entries(importedModels()).map(([name, model]) => [`imported/${name}`, model] as const),
    ...Object.entries(backendTests).map(
      ([name, base64]) => [name, Uint8Array.from(Buffer.from(base64, 'base64'))] as const,
    ),
  ]);
}

/** Makes the suite for engines outside of this project. @param folder is emptied first */
export async function pack(folder: string): Promise<Manifest> {
  const files = guestFiles();
  const guests = await Promise.all(
    guestEntries().map(async (guest) => ({ guest, wasm: await readFile(path.join(root, guest.file)) })),
  );
  const models = modelEntries();
  const contents = new Map<string, Uint8Array>([
    ...guests.map(({ guest, wasm }) => [guest.file, wasm] as const),
    ...modelTypes.flatMap((type) => {
      const named = models.filter(({ name }) => name.startsWith(`identity-${type}-`));
      return named.map(({ file = '' }) => [file, identityModel(type)] as const);
    }),
    ...Object.entries(files).map(([name, bytes]) => [`files/${name}`, bytes] as const),
    ['README.md', await readFile(path.join(root, 'conformance/suite/README.md'))],
    ['manifest.schema.json', await readFile(path.join(root, 'conformance/suite/manifest.schema.json'))],
    ['LICENSE', await readFile(path.join(root, 'LICENSE'))],
  ]);
  const manifest: Manifest = {
    $schema: './manifest.schema.json',
    version: JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')).version,
    guests: guests.map(({ guest }) => guest),
    models,
    files: Array.from(contents, ([name, bytes]) => describe(name, bytes)),
    cases: guests.flatMap(({ guest, wasm }) => caseEntries(guest, wasm, files)),
  };
  contents.set('manifest.json', new TextEncoder().encode(toJson(manifest)));
  await rm(folder, { recursive: true, force: true });
  for (const [name, bytes] of contents) {
    const place = path.join(folder, name);
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, bytes);
  }
  await buildRunner(folder);
  return manifest;
}

function describe(name: string, bytes: Uint8Array): FileEntry {
  return { path: name, byteLength: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** A line for each entry of a list, so that two manifests can be compared. */
function toJson(manifest: Manifest): string {
  const members = Object.entries(manifest).map(([name, value]: [string, unknown]) => {
    const text = Array.isArray(value)
      ? `[\n${value.map((entry) => `    ${JSON.stringify(entry)}`).join(',\n')}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${members.join(',\n')}\n}\n`;
}

/** The runner for engines on the command line, as one module that needs nothing but Node. */
async function buildRunner(folder: string): Promise<void> {
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      ssr: path.join(root, 'conformance/run-engine.ts'),
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { output: { entryFileNames: 'run.mjs' } },
    },
  });
}
