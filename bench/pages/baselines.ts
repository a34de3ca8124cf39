import type { StartMessage } from './raw-worker.js';

/** What runs a number of inferences, one after another. */
export type Runner = (times: number) => Promise<void>;

/** onnxruntime-web in a worker, as someone would use it who knows how. */
export async function rawInWorker(start: StartMessage): Promise<Runner> {
  const worker = new Worker(new URL('./raw-worker.js', import.meta.url), { type: 'module' });
  const ask = (message: StartMessage | number) =>
    new Promise<void>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<'done' | { readonly error: string }>) =>
        data === 'done' ? resolve() : reject(new Error(data.error));
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(message);
    });
  await ask(start);
  return ask;
}

/** onnxruntime-web as its own introduction has it: the default build, on the page's thread, with its defaults. */
export async function rawOnMainThread({ model, input }: StartMessage): Promise<Runner> {
  const ort = await import('onnxruntime-web');
  const session = await ort.InferenceSession.create(model);
  return async (times) => {
    for (let time = 0; time < times; time++) {
      await session.run({ [input.name]: new ort.Tensor('float32', input.data.slice(), input.dims) });
    }
  };
}

/** Messages to a worker and back, without anything done there. */
export async function postMessageRoundTrip(): Promise<Runner> {
  const source = 'onmessage = ({ data }) => postMessage(data);';
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  return async (times) => {
    for (let time = 0; time < times; time++) {
      await new Promise((resolve) => {
        worker.onmessage = resolve;
        worker.postMessage(new Uint8Array(4));
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
