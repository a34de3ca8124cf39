import { createMessageLink } from '../engine/message-link.js';
import { toPlainError } from '../engine/protocol.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { type GuestFunction, instantiateComponent } from './instantiate.js';
import { type Failure, type GuestMessage, type GuestSource, isPageMessage } from './protocol.js';

/** A guest's own thread: what it computes, and what it waits for, never holds up the page. */

let functions: ReadonlyMap<string, GuestFunction> = new Map();

globalThis.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  if (!isPageMessage(data)) return;
  if (data.type === 'start') void start(data.source, data.port);
  else void call(data.id, data.name, data.values);
});

async function start(source: GuestSource, port: MessagePort): Promise<void> {
  try {
    const bytes = 'url' in source ? await fetchGuest(source.url) : source.bytes;
    functions = await instantiateComponent(bytes, createMessageLink(port));
    tell({ type: 'started', functions: [...functions.keys()] });
  } catch (cause) {
    tell({ type: 'refused', error: toPlainError(cause) });
  }
}

async function fetchGuest(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url).catch((cause) => {
    throw new WasiNNError('runtime-error', `instantiate: ${url} could not be reached (${messageOf(cause)})`, { cause });
  });
  if (!response.ok)
    throw new WasiNNError('not-found', `instantiate: ${url} answered ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function call(id: number, name: string, values: readonly unknown[]): Promise<void> {
  try {
    tell({ type: 'returned', id, value: await functions.get(name)?.(...values) });
  } catch (cause) {
    tell({ type: 'failed', id, failure: describe(cause) });
  }
}

/** jco throws the error of a WIT result as an Error with a `payload`; everything else that is thrown is a trap. */
function describe(cause: unknown): Failure {
  if (cause instanceof Error && Object.hasOwn(cause, 'payload')) {
    return { kind: 'result', payload: Reflect.get(cause, 'payload') };
  }
  return { kind: 'trap', message: messageOf(cause), stack: cause instanceof Error ? (cause.stack ?? '') : '' };
}

function tell(message: GuestMessage): void {
  globalThis.postMessage(message);
}
