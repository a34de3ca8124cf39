import type { Runner } from './baselines.js';
import type { RelayGuestMessage } from './relay-guest.js';

/**
 * A bare relay of 4 bytes through the threads that a call of a guest passes: guest worker, hub worker, engine worker, and
 * back. Nothing is parsed, queued or counted on the way.
 *
 * @param way `memory`: the guest blocks on shared memory, and the hub waits for it with `Atomics.waitAsync`. `port`: the guest
 *   and the hub post messages
 */
export async function relay(way: 'memory' | 'port'): Promise<Runner> {
  const hub = new Worker(new URL('./relay-hub.js', import.meta.url), { type: 'module' });
  const guest = new Worker(new URL('./relay-guest.js', import.meta.url), { type: 'module' });
  const { port1, port2 } = new MessageChannel();
  const memory = way === 'memory' ? new SharedArrayBuffer(16) : undefined;
  hub.postMessage({ port: port1, memory }, [port1]);
  const ask = (message: RelayGuestMessage, transfer: Transferable[] = []) =>
    new Promise<void>((resolve, reject) => {
      guest.onmessage = () => resolve();
      guest.onerror = ({ message }) => reject(new Error(message));
      guest.postMessage(message, transfer);
    });
  await ask({ port: port2, memory }, [port2]);
  return (times) => ask(times);
}
