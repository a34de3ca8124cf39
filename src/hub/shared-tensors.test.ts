import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { dataOf } from '../rpc/client.fixture.js';
import { createInferenceClient, type InferenceConnection } from '../rpc/create-inference-client.js';
import type { NamedClientTensor } from '../rpc/inference-client.js';
import { endpointOf, openRpc } from '../rpc/rpc.js';
import type { TensorValue } from '../standard/tensor.js';
import { clientWith } from './client.fixture.js';
import type { Client } from './client.js';
import { serveClient } from './serve-client.js';

// Large tensors go through shared memory where a MessagePort copies what is transferred.

const maximumBytes = 1 << 20;
const large = 100_000;

function serve(methods: Partial<Client>): MessagePort {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(serveClient(port2, clientWith(methods), maximumBytes, undefined, true));
  return port1;
}

const open = (methods: Partial<Client>): InferenceConnection => createInferenceClient(serve(methods), true);

function tensor(value: number, byteLength = large): TensorValue {
  return { type: 'U8', dimensions: [byteLength], data: new Uint8Array(byteLength).fill(value) };
}

const named = (value: number): readonly NamedClientTensor[] => [['x', tensor(value)]];

/** The first byte of each tensor. */
const firstBytes = (tensors: readonly NamedClientTensor[]) => tensors.map(([, tensor]) => dataOf(tensor)[0]);

/** What has been posted through ports: the memory of all tensors. */
function watchBuffers(): () => ArrayBufferLike[] {
  const post = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(() => post.mockRestore());
  return () =>
    post.mock.calls.flatMap(([message]) => {
      const { inputs, outputs } = message.parameters ?? message.result;
      return (inputs ?? outputs).map(([, { data }]: [string, TensorValue]) => data.buffer);
    });
}

describe('large tensors through shared memory', () => {
  it('come to the hub as copies, and as copies back', async () => {
    let atHub: readonly NamedClientTensor[] = [];
    const client = open({
      async compute(_graph, inputs) {
        atHub = inputs;
        return { outputs: [...inputs, ['small', tensor(9, 100)]] };
      },
    });
    const outputs = await client.compute(0, [...named(7), ['small', tensor(8, 100)]]);
    expect(outputs.map(([name, tensor]) => [name, tensor])).toEqual([
      ['x', tensor(7)],
      ['small', tensor(8, 100)],
      ['small', tensor(9, 100)],
    ]);
    for (const [, tensor] of [...atHub, ...outputs]) expect(dataOf(tensor).buffer).toBeInstanceOf(ArrayBuffer);
  });

  it('take the same memory there and back, and with each call', async () => {
    const client = open({ compute: async (_graph, inputs) => ({ outputs: inputs }) });
    const buffersOf = watchBuffers();
    for (const value of [1, 2, 3]) expect(firstBytes(await client.compute(0, named(value)))).toEqual([value]);
    const buffers = buffersOf();
    expect(buffers.every((buffer) => buffer instanceof SharedArrayBuffer)).toBe(true);
    // All have what came last.
    expect(buffers.map((buffer) => new Uint8Array(buffer)[0])).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('have memory of their own in calls at the same time', async () => {
    const client = open({
      async compute(graph, inputs) {
        // The first call ends last.
        if (graph === 0) await client.compute(2, named(3));
        return { outputs: inputs };
      },
    });
    const computed = await Promise.all([client.compute(0, named(1)), client.compute(1, named(2))]);
    expect(computed.map(firstBytes)).toEqual([[1], [2]]);
  });

  it('leave their memory to the hub where the call is given up', async () => {
    let end = (_outputs: readonly NamedClientTensor[]) => {};
    const computed = new Promise<readonly NamedClientTensor[]>((resolve) => {
      end = resolve;
    });
    const client = open({
      compute: async (graph, inputs) => ({ outputs: graph === 0 ? await computed : inputs }),
    });
    const giveUp = new AbortController();
    const givenUp = client.compute(0, named(1), { signal: giveUp.signal });
    giveUp.abort(new Error('given up'));
    await expect(givenUp).rejects.toThrow('given up');
    const next = client.compute(1, named(2));
    end([['x', tensor(6)]]);
    expect(firstBytes(await next)).toEqual([2]);
  });

  it('leave no other copy, unless the caller keeps them', async () => {
    const client = open({ compute: async (_graph, inputs) => ({ outputs: inputs }) });
    const heap = new Uint8Array(2 * large).fill(4);
    const view = { ...tensor(0), data: heap.subarray(large) };
    const [kept, twice] = [tensor(1), tensor(2)];
    await client.compute(0, [['x', kept]], { keepsInputs: true });
    const outputs = await client.compute(0, [
      ['x', twice],
      ['y', twice],
      ['z', view],
    ]);
    expect(firstBytes(outputs)).toEqual([2, 2, 4]);
    expect([kept, twice, view].map(({ data }) => data.byteLength)).toEqual([
      large,
      'transfer' in ArrayBuffer.prototype ? 0 : large,
      large,
    ]);
  });

  it('are read from devices', async () => {
    const client = open({ readTensor: async () => tensor(5) });
    const value = await client.readTensor(0);
    expect([value, value.data.buffer]).toEqual([tensor(5), expect.any(ArrayBuffer)]);
  });

  it('are refused before they are copied where they are too large', async () => {
    const compute = vi.fn<Client['compute']>();
    const rpc = openRpc(endpointOf(serve({ compute })));
    const half = new Uint8Array(new SharedArrayBuffer(maximumBytes / 2 + 1));
    const inputs = ['x', 'y'].map((name) => [name, { type: 'U8', dimensions: [half.byteLength], data: half }]);
    await expect(rpc.request('compute', { graph: 0, inputs })).rejects.toMatchObject({
      code: 'too-large',
      message: 'compute: 1048578 bytes of inputs are more than the 1048576 that the page allows',
    });
    expect(compute).not.toHaveBeenCalled();
  });

  it('do not change at the hub when the guest writes to its memory afterwards', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(large)).fill(1);
    const rpc = openRpc(
      endpointOf(
        serve({
          async compute(_graph, inputs) {
            shared.fill(2);
            return { outputs: inputs };
          },
        }),
      ),
    );
    const inputs = [['x', { type: 'U8', dimensions: [large], data: shared }]];
    const computed = await rpc.request('compute', { graph: 0, inputs });
    expect(computed).toMatchObject({ outputs: [['x', { data: expect.objectContaining({ 0: 1 }) }]] });
  });
});
