import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LaunchOptions } from '@playwright/test';
import project from '../package.json' with { type: 'json' };

/**
 * The Chromium of the npm package `@sparticuz/chromium`: it has WebAssembly threads, JSPI, WebGPU on SwiftShader and
 * WebNN, and needs nothing installed on the system. It exists for Linux on x64; elsewhere Playwright's own Chromium or
 * an installed Chrome takes its place.
 */
const isPackaged = process.platform === 'linux' && process.arch === 'x64';

const cache = path.resolve(import.meta.dirname, '../node_modules/.cache/wasi-nn-web');
const home = path.join(cache, `chromium-${project.devDependencies['@sparticuz/chromium']}`);
const fontConfiguration = path.join(home, 'fonts.conf');

/** Without `args` of the package itself: those switch off web security and run everything in one process. */
const args = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=WebMachineLearningNeuralNetwork',
];

/**
 * Arguments for tests, which run most code a few times: they spare the compilers work.
 *
 * V8 compiles a WebAssembly function again, and better, only when it has run much longer than by default.
 *
 * Shaders do not begin by writing zeros to their workgroup's memory. SwiftShader takes longer to compile these writes than a
 * test takes for all else. A shader that reads what it has not written would fail the tests that compare numbers.
 */
export const quickToCompile: readonly string[] = [
  '--js-flags=--wasm-tiering-budget=100000000',
  '--enable-dawn-features=disable_workgroup_init',
];

/** @param more arguments besides those that give the browser WebGPU and WebNN */
export function chromiumLaunchOptions(...more: readonly string[]): LaunchOptions {
  const all = [...args, ...more];
  if (!isPackaged) {
    return { args: all, ...(process.env.CHROME_PATH ? { executablePath: process.env.CHROME_PATH } : {}) };
  }
  return {
    args: all,
    executablePath: path.join(home, 'chromium'),
    env: { ...process.env, LD_LIBRARY_PATH: path.join(home, 'al2023/lib'), FONTCONFIG_FILE: fontConfiguration },
  };
}

/** Makes the packaged browser ready to start. */
export async function prepareChromium(): Promise<void> {
  if (!isPackaged) return;
  await unpackChromium();
  await writeFontConfiguration();
}

/**
 * Unpacks the browser, once for each version of the package. The package itself unpacks into the system's temporary
 * folder and reuses whatever it finds there, complete or not. It is therefore given a folder of its own, which is renamed
 * when it is complete.
 */
async function unpackChromium(): Promise<void> {
  if (existsSync(home)) return;
  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(path.join(cache, 'partial-'));
  const systemTemporary = process.env.TMPDIR;
  process.env.TMPDIR = partial;
  try {
    const { default: chromium, inflate } = await import('@sparticuz/chromium');
    await chromium.executablePath();
    await inflate(path.resolve(import.meta.dirname, '../node_modules/@sparticuz/chromium/bin/al2023.tar.br'));
    await rename(partial, home).catch((cause) => {
      // Another run was quicker.
      if (!existsSync(home)) throw cause;
    });
  } finally {
    if (systemTemporary === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = systemTemporary;
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Writes a font configuration that names the fonts of the package and a cache beside them. The package's own configuration
 * names folders of the system. Chromium crashes when it draws text and its configuration leads to no font.
 *
 * The configuration holds absolute paths, so it is written before each run: the project's folder may have moved.
 */
async function writeFontConfiguration(): Promise<void> {
  const configuration = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>${escapeXml(path.join(home, 'fonts'))}</dir>
  <cachedir>${escapeXml(path.join(home, 'font-cache'))}</cachedir>
</fontconfig>
`;
  // A browser of another run never reads half a file.
  const partial = `${fontConfiguration}.${process.pid}`;
  await writeFile(partial, configuration);
  await rename(partial, fontConfiguration);
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
