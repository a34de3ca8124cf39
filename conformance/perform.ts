import { runIn, type TestBrowser } from '../e2e/browsers/browser.js';
import { fixtures } from '../e2e/fixture-data.js';
import { identityModel } from '../e2e/onnx-model.js';
import type { Site } from '../e2e/site.js';
import type { Waiting } from '../src/index.js';
import { importedModels } from './imported-models.js';
import { onnxBackendFiles } from './onnx-backend.js';
import { guests, modelTypes, type Setting } from './rows.js';

/** Serves the models that the guests load, on a site that has the library and the guests. */
export function serveModels(site: Site): void {
  for (const type of modelTypes) {
    site.answer(`/identity-${type}.onnx`, (_, response) => response.writeHead(200).end(identityModel(type)));
  }
  const models = Object.entries(importedModels());
  for (const [name, model] of models) {
    site.answer(`/imported/${name}`, (_, response) => response.writeHead(200).end(model));
  }
  const files = fixtures ? JSON.stringify(onnxBackendFiles()) : '{}';
  site.answer('/onnx-backend.json', (_, response) => response.writeHead(200).end(files));
}

export interface PerformOptions {
  /** Where the site has the library. */
  readonly library?: string;
  /** The beginning of the ids of the cases to perform. Default: all. */
  readonly only?: string;
  /** Whether ONNX's own backend tests are among them. Default: yes. */
  readonly onnxBackend?: boolean;
  /** Whether models that are converted to ONNX are among them. Default: yes. */
  readonly imported?: boolean;
}

/**
 * Has a guest perform its cases in a tab of its own.
 *
 * @returns what the guest wrote; what kept it from running is a comment in it
 */
export async function perform(
  browser: TestBrowser,
  site: Site,
  { abi, target, waiting }: Setting,
  { library = '/lib/wasi-nn-web.js', only = '', onnxBackend = true, imported = true }: PerformOptions = {},
): Promise<string> {
  const tab = await browser.openTab(site.origin);
  try {
    await tab.open(`${site.origin}/blank.html`);
    const args = ['--target', target, '--only', only];
    const files = imported ? Object.keys(importedModels()) : [];
    const run = { library, guest: guests[abi], args, waiting, modelTypes, imported: files, onnxBackend };
    return String(await runIn(tab, runGuest, run));
  } catch (cause) {
    return `# ${cause}`;
  } finally {
    await tab.close();
  }
}

interface GuestRun {
  readonly library: string;
  readonly guest: string;
  readonly args: readonly string[];
  readonly waiting: Waiting;
  readonly modelTypes: readonly string[];
  /** The names of the files of models that are converted. */
  readonly imported: readonly string[];
  readonly onnxBackend: boolean;
}

/** Runs in the page, so that it finds nothing of this module. */
async function runGuest(run: GuestRun): Promise<string> {
  const { library, guest, args, waiting, modelTypes, imported, onnxBackend } = run;
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const identities = modelTypes.flatMap((type) =>
    (['cpu', 'gpu', 'tpu'] as const).map(
      (target) => [`identity-${type}-${target}`, { url: `/identity-${type}.onnx`, target }] as const,
    ),
  );
  const nn = createWasiNN({
    models: { echo: { backend: 'echo' }, ...Object.fromEntries(identities) },
    allowSoftwareAdapter: true,
  });
  const packed: Record<string, string> = onnxBackend ? await (await fetch('/onnx-backend.json')).json() : {};
  const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const files = Object.fromEntries<string | Uint8Array<ArrayBuffer>>([
    ...modelTypes.map((type) => [`models/identity-${type}.onnx`, `/identity-${type}.onnx`] as const),
    ...imported.map((name) => [`imported/${name}`, `/imported/${name}`] as const),
    ...Object.entries(packed).map(([path, base64]) => [path, bytesOf(base64)] as const),
  ]);
  try {
    const { stdout, stderr } = await nn.run(`/guests/${guest}`, { args, files, waiting });
    return stdout + stderr;
  } finally {
    nn.dispose();
  }
}
