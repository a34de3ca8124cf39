import { relayWords } from './relay-words.js';

/** The relay's guest: it sends 4 bytes so many times, one after another, and waits for the answer each time. */

/** How the guest reaches the hub; afterwards, how often it is to send. */
export type RelayGuestMessage = RelayConnection | number;

export interface RelayConnection {
  readonly port: MessagePort;
  /** Words of 32 bits (`relay-words.ts`) and the 4 bytes. Without it, messages go through the port. */
  readonly memory: SharedArrayBuffer | undefined;
}

let roundTrip: () => unknown = () => undefined;

globalThis.onmessage = async ({ data }: MessageEvent<RelayGuestMessage>) => {
  if (typeof data !== 'number') roundTrip = data.memory ? throughMemory(data.memory) : throughPort(data.port);
  else for (let time = 0; time < data; time++) await roundTrip();
  globalThis.postMessage('done');
};

function throughMemory(memory: SharedArrayBuffer): () => void {
  const words = new Int32Array(memory);
  let value = 0;
  return () => {
    Atomics.store(words, relayWords.response, 0);
    words[relayWords.data] = ++value;
    Atomics.store(words, relayWords.request, 1);
    Atomics.notify(words, relayWords.request);
    while (Atomics.load(words, relayWords.response) === 0) Atomics.wait(words, relayWords.response, 0);
    if (words[relayWords.data] !== value) throw new Error('the relay lost the bytes');
  };
}

function throughPort(port: MessagePort): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      port.onmessage = () => resolve();
      port.postMessage(new Uint8Array(4));
    });
}
