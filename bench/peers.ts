import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { squeezenetInput } from '../demo/classify/input-spec.js';
import { fixtures, withoutFixtures } from '../e2e/fixture-data.js';
import { isObjectWith } from '../src/standard/is-object-with.js';
import { transformersFolder, transformersVersion } from './pages/transformers-release.js';

/**
 * What the library is compared with beside its own dependencies. None of it is part of the project: npm fetches transformers.js,
 * and Cargo fetches and builds a guest with tract.
 */

const root = path.resolve(import.meta.dirname, '..');

/** The server of the benchmark serves it as `/peers/`. It is kept for the next run. */
export const peersFolder = path.join(root, 'build/bench-peers');

const library = 'transformers.min.js';
/** The build of onnxruntime-web that transformers.js fetches by default. */
const runtimeFiles = ['ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'];

const run = promisify(execFile);

/**
 * Has npm fetch the files of transformers.js that a page without a bundler uses, and writes its configuration of SqueezeNet.
 * Nothing is installed: its package depends on native packages that a page does not use.
 *
 * @returns why this is impossible, where it is
 */
export async function prepareTransformers(): Promise<string | undefined> {
  if (!fixtures) return `it ${withoutFixtures}`;
  const folder = path.join(peersFolder, transformersFolder);
  try {
    if (!existsSync(folder)) await fetchTransformers(folder);
  } catch (cause) {
    return `npm has not fetched @huggingface/transformers ${transformersVersion} (${reasonOf(cause)})`;
  }
  await writeModel(path.join(folder, 'models/squeezenet'), path.join(fixtures, 'models/squeezenet.onnx'));
  return undefined;
}

async function fetchTransformers(folder: string): Promise<void> {
  // An earlier run may have been cut off.
  const temporary = `${folder}.partial`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(path.join(temporary, 'fetched'), { recursive: true });
  const keep = (from: string, file: string) =>
    copyFile(path.join(from, 'dist', file), path.join(temporary, 'fetched', file));
  const transformers = await unpack(temporary, `@huggingface/transformers@${transformersVersion}`);
  await keep(transformers, library);
  const runtime = await unpack(temporary, `onnxruntime-web@${await runtimeVersion(transformers)}`);
  for (const file of runtimeFiles) await keep(runtime, file);
  await rename(path.join(temporary, 'fetched'), folder);
  await rm(temporary, { recursive: true });
}

/** @returns the folder that a package of the registry is unpacked to; no script of it runs */
async function unpack(parent: string, name: string): Promise<string> {
  const folder = await mkdtemp(path.join(parent, 'package-'));
  await run('npm', ['pack', name, '--ignore-scripts', '--fetch-retries=0'], { cwd: folder });
  const [archive] = await readdir(folder);
  if (archive === undefined) throw new Error(`npm pack ${name} has left no archive`);
  await run('tar', ['-xzf', archive], { cwd: folder });
  return path.join(folder, 'package');
}

/** The version of onnxruntime-web that a package asks for. */
async function runtimeVersion(folder: string): Promise<string> {
  const description: unknown = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  const dependencies = isObjectWith(description, 'dependencies') ? description.dependencies : undefined;
  const version = isObjectWith(dependencies, 'onnxruntime-web') ? dependencies['onnxruntime-web'] : undefined;
  if (typeof version !== 'string') throw new Error(`the package in ${folder} asks for no onnxruntime-web`);
  return version;
}

/** The files that transformers.js looks for. `custom` is what it calls a model whose inputs and outputs it does not know. */
async function writeModel(folder: string, model: string): Promise<void> {
  await mkdir(path.join(folder, 'onnx'), { recursive: true });
  await copyFile(model, path.join(folder, 'onnx/model.onnx'));
  const { width, height, mean, deviation } = squeezenetInput;
  const preprocessor = {
    do_resize: true,
    size: { width, height },
    do_rescale: true,
    do_normalize: true,
    image_mean: mean,
    image_std: deviation,
  };
  await writeFile(path.join(folder, 'config.json'), JSON.stringify({ model_type: 'custom' }));
  await writeFile(path.join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessor));
}

/**
 * Has Cargo build the guest in `bench/tract`, which takes minutes the first time.
 *
 * @returns why this is impossible, where it is
 */
export async function prepareTract(): Promise<string | undefined> {
  const target = path.join(peersFolder, 'tract-target');
  const manifest = path.join(root, 'bench/tract/Cargo.toml');
  const options = [
    '--release',
    '--locked',
    '--target=wasm32-wasip1',
    '--target-dir',
    target,
    '--manifest-path',
    manifest,
  ];
  try {
    // There, rustup chooses the toolchain of all guests.
    const cwd = path.join(root, 'guests');
    const env = { ...process.env, CARGO_ENCODED_RUSTFLAGS: '-Ctarget-feature=+simd128' };
    await run('cargo', ['build', ...options], { cwd, env, maxBuffer: 1 << 26 });
  } catch (cause) {
    return `Cargo has not built bench/tract (${reasonOf(cause)})`;
  }
  await copyFile(path.join(target, 'wasm32-wasip1/release/tract_guest.wasm'), path.join(peersFolder, 'tract.wasm'));
  return undefined;
}

/** The line that names the error in what a command has written, or the reason why it has not run. */
function reasonOf(cause: unknown): string {
  const lines = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n');
  return lines.find((line) => /\berror\b/.test(line)) ?? lines.at(-1) ?? '';
}
