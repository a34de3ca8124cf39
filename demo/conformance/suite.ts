import { importedModels } from '../../conformance/imported-models.js';
import { guests, modelTypes, type Setting, targets } from '../../conformance/rows.js';
import { featureOf, type Report, readTap } from '../../conformance/tap.js';
import { identityModel } from '../../e2e/onnx-model.js';
import { createWasiNN, type ModelOptions, type WasiNN } from '../../src/index.js';

/** What this page's guests may load: the same as in the suite's other runs. */
function models(): Record<string, ModelOptions> {
  const identities = modelTypes.flatMap((type) =>
    targets.map((target) => [`identity-${type}-${target}`, { data: identityModel(type), target }] as const),
  );
  return { echo: { backend: 'echo' }, ...Object.fromEntries(identities) };
}

const guestUrls: Readonly<Record<Setting['abi'], URL>> = {
  'wit 10-28': new URL(`../../guests/conformance-wit-10-28.component.wasm`, import.meta.url),
  'wit 08-19': new URL(`../../guests/conformance-wit-08-19.component.wasm`, import.meta.url),
  'wit 06-25': new URL(`../../guests/conformance-wit-06-25.component.wasm`, import.meta.url),
  witx: new URL(`../../guests/conformance-witx.wasm`, import.meta.url),
  wasmedge: new URL(`../../guests/conformance-wasmedge.wasm`, import.meta.url),
  wamr: new URL(`../../guests/conformance-wamr.wasm`, import.meta.url),
};

/** Makes the runtime in which all guests perform their cases, so that a browser starts it once. */
export function createRuntime(): WasiNN {
  return createWasiNN({ models: models(), allowSoftwareAdapter: true });
}

/**
 * Has a guest perform its cases.
 *
 * @param only the beginning of the ids of the cases to perform; empty for all
 * @param signal ends the guest
 * @param onReports called with those that are there so far, as they come
 * @returns all of them; a guest that cannot be run has one, which says why
 */
export async function perform(
  nn: WasiNN,
  { abi, target, waiting }: Setting,
  only: string,
  signal: AbortSignal,
  onReports: (reports: readonly Report[]) => void,
): Promise<readonly Report[]> {
  const decoder = new TextDecoder();
  const files = Object.fromEntries([
    ...modelTypes.map((type) => [`models/identity-${type}.onnx`, identityModel(type)] as const),
    ...Object.entries(importedModels()).map(([name, model]) => [`imported/${name}`, model] as const),
  ]);
  let output = '';
  const stdout = (bytes: Uint8Array) => {
    output += decoder.decode(bytes, { stream: true });
    onReports(readTap(output).filter(({ id }) => featureOf(id) !== 'unreported'));
  };
  try {
    await nn.run(guestUrls[abi], { args: ['--target', target, '--only', only], files, waiting, stdout, signal });
    return readTap(output);
  } catch (cause) {
    return [...readTap(output), { id: `unreported/${guests[abi]}`, status: 'failed', reason: String(cause) }];
  }
}
