import { type KeepReply, keepMessage } from './keep-message.js';
import { registerServiceWorker } from './service-worker-registration.js';

/**
 * Keeps the pages of this site for visits without a network. From then on the service worker also keeps what the pages load
 * from this site, such as runtimes.
 *
 * @returns how many files are kept
 * @throws Error where a file cannot be fetched or there is no room
 */
export async function keepSite(): Promise<number> {
  if (!navigator.serviceWorker) throw new Error('This browser or this address has no service workers: use https.');
  const worker = await registerServiceWorker();
  const { port1, port2 } = new MessageChannel();
  const reply = await new Promise<KeepReply>((resolve) => {
    port1.onmessage = ({ data }: MessageEvent<KeepReply>) => resolve(data);
    worker.postMessage(keepMessage, [port2]);
  });
  port1.close();
  if ('failure' in reply) throw new Error(reply.failure);
  return reply.files;
}
