import { type ClientTensor, type InferenceClient, isOnDevice } from './inference-client.js';

/** The bytes of a tensor that has come by its value. */
export function dataOf(tensor: ClientTensor | undefined): Uint8Array<ArrayBuffer> {
  if (!tensor || isOnDevice(tensor)) throw new TypeError('the test expects a tensor with its bytes');
  return tensor.data;
}

async function refuse(): Promise<never> {
  throw new Error('the test does not expect this call');
}

/** A client of which a test gives the methods that it needs. */
export const unused: InferenceClient = {
  load: refuse,
  loadByName: refuse,
  compute: refuse,
  unload: refuse,
  readTensor: refuse,
  releaseTensor: refuse,
  startText: refuse,
  readText: refuse,
  stopText: refuse,
};
