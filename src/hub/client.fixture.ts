import type { GraphInfo } from '../rpc/inference-client.js';
import type { Client } from './client.js';

export const info: GraphInfo = {
  id: 3,
  backend: '模型',
  device: { target: 'gpu', provider: 'webgpu', description: 'WebGPU, some adapter' },
  inputs: [{ name: 'x', type: 'FP32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'bool', shape: [] }],
};

function refuse(): never {
  throw new Error('the test does not expect this call');
}

/** A client at the hub of which a test gives the methods that it needs. */
export function clientWith(methods: Partial<Client>): Client {
  return {
    load: refuse,
    loadByName: refuse,
    compute: refuse,
    unload: refuse,
    readTensor: refuse,
    releaseTensor: refuse,
    startText: refuse,
    readText: refuse,
    stopText: refuse,
    usage: refuse,
    close: refuse,
    ...methods,
  };
}

/** A client whose outputs are its inputs. */
export const echo: Pick<Client, 'compute'> = { compute: async (_graph, inputs) => ({ outputs: inputs }) };
