import type { LiteRtStart } from './litert-worker.js';
import type { StartMessage } from './raw-worker.js';

/**
 * What runs a number of inferences, one after another. Where only a part of its time counts, it answers with a number: that
 * time in ms.
 */
export type Runner = (times: number) => Promise<unknown>;

/** onnxruntime-web in a worker, as someone would use it who knows how. */
export function rawInWorker(start: StartMessage): Promise<Runner> {
  return inWorker(new Worker(new URL('./raw-worker.js', import.meta.url), { type: 'module' }), start);
}

/** LiteRT.js in a worker. */
export function liteRtInWorker(start: LiteRtStart): Promise<Runner> {
  return inWorker(new Worker(new URL('./litert-worker.js', import.meta.url), { type: 'module' }), start);
}

/** Starts a worker that then takes numbers of inferences. */
async function inWorker(worker: Worker, start: StartMessage | LiteRtStart): Promise<Runner> {
  const ask = asking<StartMessage | LiteRtStart | number>(worker);
  await ask(start);
  return ask;
}

/** @returns what posts a message to a worker, and waits until the worker is done with it */
export function asking<Message>(worker: Worker): (message: Message) => Promise<void> {
  return (message) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<'done' | { readonly error: string }>) =>
        data === 'done' ? resolve() : reject(new Error(data.error));
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(message);
    });
}

/** onnxruntime-web as its own introduction has it: the default build, on the page's thread, with its defaults. */
export async function rawOnMainThread({ model, inputs }: StartMessage): Promise<Runner> {
  const ort = await import('onnxruntime-web');
  const session = await ort.InferenceSession.create(model);
  return async (times) => {
    for (let time = 0; time < times; time++) {
      for (const { name, data, dimensions } of inputs) {
        await session.run({ [name]: new ort.Tensor('float32', new Float32Array(data.slice().buffer), dimensions) });
      }
    }
  };
}

/** So many bytes posted through a `MessagePort` to a worker and back, as a transfer. */
export async function portRoundTrip(byteLength: number): Promise<Runner> {
  const source =
    'onmessage = ({ data: port }) => { port.onmessage = ({ data }) => port.postMessage(data, [data.buffer]); };';
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(port2, [port2]);
  let bytes = new Uint8Array(byteLength).fill(7);
  return async (times) => {
    for (let time = 0; time < times; time++) {
      bytes = await new Promise((resolve) => {
        port1.onmessage = ({ data }: MessageEvent<Uint8Array<ArrayBuffer>>) => resolve(data);
        port1.postMessage(bytes, [bytes.buffer]);
      });
    }
  };
}

/** Four plain copies of so many bytes. */
export async function fourCopies(byteLength: number): Promise<Runner> {
  const source = new Uint8Array(byteLength).fill(7);
  return async (times) => {
    for (let time = 0; time < times; time++) {
      let copy = source;
      for (let round = 0; round < 4; round++) copy = copy.slice();
      if (copy[byteLength - 1] !== 7) throw new Error('the copy is none');
    }
  };
}
