import type { WasiNN } from '../../src/index.js';
import { registryName } from '../classify/models.js';
import { storyName } from '../text/story-model.js';

/**
 * Starts what digits and text need, once, so that the service worker sees which files this browser loads, and keeps them.
 *
 * @throws Error where something cannot be started
 */
export async function loadForOffline(nn: WasiNN): Promise<void> {
  const guest = await nn.instantiate(new URL('../../guests/classify.component.wasm', import.meta.url));
  guest.dispose();
  for (const name of [registryName('digit', 'cpu'), storyName]) {
    const graph = await nn.loadByName(name);
    await graph.dispose();
  }
}
