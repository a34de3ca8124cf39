import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { fixtures, withoutFixtures } from '../e2e/fixture-data.js';
import { isObjectWith } from '../src/standard/is-object-with.js';
import { isNumbers, pairsOnPage } from './on-page.js';
import type { Measured } from './results.js';
import type { Bench } from './scenario.js';

const root = path.resolve(import.meta.dirname, '..');
const host = path.join(root, 'build/wasmtime/release/wasmtime-host');
const guest = path.join(root, 'guests/witx-probe.wasm');

/** What every runtime answers to the image of `pages/image.ts`. */
const bestClass = 669;

/** How often page and host take turns. */
const rounds = 4;

const run = promisify(execFile);

/** The exit status of a program that finds no library that it is linked to. */
const libraryMissing = 127;

/** @returns where the host of `bench/wasmtime` is not built, or does not find ONNX Runtime, how to build it */
export async function findWasmtimeHost(): Promise<string | undefined> {
  const howTo = 'docs/performance.md says how to build it';
  if (!existsSync(host)) return `Expected ${path.relative(root, host)}: ${howTo}.`;
  try {
    await run(host, []);
  } catch (cause) {
    if (isObjectWith(cause, 'code') && cause.code === libraryMissing) {
      return `${path.relative(root, host)} does not find ONNX Runtime: ${howTo}.`;
    }
  }
  return undefined;
}

/** SqueezeNet by a component on WebNN, and by a core module on Wasmtime. The page rests while the host runs. */
export async function againstWasmtime(bench: Bench): Promise<Measured> {
  const ours: number[] = [];
  const baseline: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const onPage = await pairsOnPage({ ...bench, share: bench.share / rounds }, 'a-tpu');
    const onHost = await runOnHost();
    ours.push(...onPage.ours);
    baseline.push(...onHost.slice(0, onPage.ours.length));
  }
  return { ours, baseline };
}

/** The times of the host, on one thread. */
async function runOnHost(): Promise<readonly number[]> {
  if (!fixtures) throw new Error(`a-wasmtime ${withoutFixtures}`);
  const model = path.join(fixtures, 'models/squeezenet.onnx');
  const { stdout } = await run(host, [guest, model, '1']);
  const printed: unknown = JSON.parse(stdout);
  if (!isObjectWith(printed, 'class') || printed.class !== bestClass) {
    throw new Error(`expected class ${bestClass}, but Wasmtime has printed ${stdout.slice(0, 100)}`);
  }
  if (!isObjectWith(printed, 'milliseconds') || !isNumbers(printed.milliseconds)) {
    throw new Error('Wasmtime has printed no times');
  }
  return printed.milliseconds;
}
