import type { RelayConnection } from './relay-guest.js';
import { relayWords } from './relay-words.js';

/** The relay's hub: it hands each message on to the engine, which it starts, and each answer back. */

const engine = new Worker(new URL('./relay-engine.js', import.meta.url), { type: 'module' });

globalThis.onmessage = ({ data: { port, memory } }: MessageEvent<RelayConnection>) => {
  if (memory) void serveMemory(new Int32Array(memory));
  else {
    port.onmessage = ({ data }) => engine.postMessage(data);
    engine.onmessage = ({ data }) => port.postMessage(data);
  }
};

async function serveMemory(words: Int32Array): Promise<void> {
  for (;;) {
    const change = Atomics.waitAsync(words, relayWords.request, 0);
    if (change.async) await change.value;
    Atomics.store(words, relayWords.request, 0);
    words[relayWords.data] = await askEngine(words[relayWords.data] ?? 0);
    Atomics.store(words, relayWords.response, 1);
    Atomics.notify(words, relayWords.response);
  }
}

function askEngine(value: number): Promise<number> {
  return new Promise((resolve) => {
    engine.onmessage = ({ data }: MessageEvent<Int32Array>) => resolve(data[0] ?? 0);
    engine.postMessage(Int32Array.of(value));
  });
}
