import type { Instance } from '../rpc/guest-exports.js';
import type { PreparedGuest } from '../rpc/prepared-guest.js';
import { instantiateModule } from './core-module.js';
import type { Host } from './host.js';
import { instantiateComponent } from './instantiate-component.js';

/**
 * Instantiates a guest in this thread.
 *
 * @throws WasiNNError what the instantiation of a component or a core module throws
 */
export async function instantiate(prepared: PreparedGuest, host: Host): Promise<Instance> {
  if (prepared.kind === 'module') return instantiateModule(prepared.module, host);
  return instantiateComponent(prepared, host);
}
