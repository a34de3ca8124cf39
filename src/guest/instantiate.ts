import { messageOf, WasiNNError } from '../standard/error.js';
import { instantiateModule } from './core-module.js';
import type { Host } from './host.js';
import type { Instance } from './instance.js';
import { instantiateComponent, instantiateTranspiled } from './instantiate-component.js';
import type { TranspiledGuest } from './transpiled-guest.js';

/** A guest in its worker: the bytes of a component or core module, or what has been made of one already. */
export type GuestCode = Uint8Array<ArrayBuffer> | WebAssembly.Module | TranspiledGuest;

/** The first eight bytes of a core module: the magic number and version 1 (layer 0). */
const corePreamble = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/**
 * Instantiates a guest in this thread, whether it is a component or a core module.
 *
 * @throws WasiNNError `invalid-argument` for what is neither, and what the instantiation of each throws
 */
export async function instantiate(source: GuestCode, host: Host): Promise<Instance> {
  if (source instanceof WebAssembly.Module) return instantiateModule(source, host);
  if ('glue' in source) return instantiateTranspiled(source, host);
  const isModule = corePreamble.every((byte, index) => source[index] === byte);
  if (!isModule) return instantiateComponent(source, host);
  return instantiateModule(await compile(source), host);
}

async function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new WasiNNError('invalid-argument', `instantiate: the module cannot be compiled: ${messageOf(cause)}`, {
      cause,
    });
  }
}
