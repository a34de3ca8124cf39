import type { EngineConnection } from './connection.js';
import { isResident, type LinkTensor } from './link.js';

/** The bytes of a tensor that has come by its value. */
export function dataOf(tensor: LinkTensor | undefined): Uint8Array<ArrayBuffer> {
  if (!tensor || isResident(tensor)) throw new TypeError('the test expects a tensor with its bytes');
  return tensor.data;
}

async function refuse(): Promise<never> {
  throw new Error('the test does not expect this call');
}

/** An engine of which a test gives the parts that it needs. */
export const unused: EngineConnection = {
  load: refuse,
  loadByName: refuse,
  compute: refuse,
  unload: refuse,
  deviceOf: () => undefined,
  readTensor: refuse,
  releaseTensor: refuse,
  close: refuse,
};
