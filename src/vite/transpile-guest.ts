import * as vite from 'vite';
import type { ComponentInterface } from '../rpc/component-interface.js';
import type { ComponentWaiting, Waiting } from '../rpc/waiting.js';
import { type OpenedComponent, openComponent } from '../transpiler/open-component.js';
import { type TranspiledComponent, TranspilerBroken, transpile } from '../transpiler/transpile.js';
import { loadJco, replaceJco } from './jco.js';

/** What the guest worker needs of a component, in place of the component. */
export interface GuestParts {
  /** The sources of the ES modules around the core modules, one for each way in which the guest can wait. */
  readonly glue: Readonly<Record<Waiting, string>>;
  /** The core modules, by the names that the glue asks for: `guest.core2.wasm`. */
  readonly coreModules: ReadonlyMap<string, Uint8Array>;
  readonly component: ComponentInterface;
}

/** The first eight bytes of a core module: the magic number and version 1 (layer 0). */
const corePreamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** Core modules run as they are. */
export function isCoreModule(bytes: Uint8Array): boolean {
  return corePreamble.every((byte, index) => bytes[index] === byte);
}

/**
 * Transpiles a component.
 *
 * @param minifies whether the glue is made small, to about half
 * @throws WasiNNError `invalid-argument` for bytes that are no component
 */
export async function transpileGuest(bytes: Uint8Array<ArrayBuffer>, minifies: boolean): Promise<GuestParts> {
  const opened = openComponent(bytes);
  const suspending = await transpileHere(opened, 'suspend-reading');
  const blocking = await transpileHere(opened, 'block');
  const shrink = async (script: string) => (minifies ? minified(script) : script);
  return {
    component: opened.component,
    glue: { suspend: await shrink(suspending.script), block: await shrink(blocking.script) },
    // How a guest waits makes no difference to its core modules.
    coreModules: suspending.coreModules,
  };
}

async function transpileHere(opened: OpenedComponent, waiting: ComponentWaiting): Promise<TranspiledComponent> {
  try {
    return await transpile(opened, waiting, loadJco);
  } catch (cause) {
    if (cause instanceof TranspilerBroken) replaceJco();
    throw cause;
  }
}

async function minified(script: string): Promise<string> {
  // Vite 7 has no such function, and esbuild in its place.
  if (vite.minify === undefined) return (await vite.transformWithEsbuild(script, 'guest.js', { minify: true })).code;
  const { code, errors } = await vite.minify('guest.js', script, { module: true });
  if (errors.length === 0) return code;
  throw new Error(`the glue of the guest could not be minified: ${errors.map(({ message }) => message).join('; ')}`);
}
