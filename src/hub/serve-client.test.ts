import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { dataOf } from '../rpc/client.fixture.js';
import { createInferenceClient } from '../rpc/create-inference-client.js';
import { createMailbox, type Mailbox, pieceBytes } from '../rpc/mailbox.js';
import { endpointOf, openRpc } from '../rpc/rpc.js';
import { buffersOf } from '../rpc/transfer.js';
import { WasiNNError } from '../standard/error.js';
import type { TensorValue } from '../standard/tensor.js';
import { clientWith, echo, info } from './client.fixture.js';
import type { Client } from './client.js';
import { serveClient } from './serve-client.js';

/** A client at the other end of a port: the library's own, and one that sends anything. */

function serve(methods: Partial<Client>, mailbox?: Mailbox): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const end = serveClient(port2, clientWith(methods), 1000, mailbox);
  onTestFinished(end);
  return port1;
}

const open = (methods: Partial<Client>) => createInferenceClient(serve(methods));

/** The port of a client whose requests are answered by a test. */
function answering(result: unknown): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data }) => port2.postMessage({ response: data.request, result });
  onTestFinished(() => {
    port2.close();
  });
  return port1;
}

const tensor = (data: Uint8Array<ArrayBuffer>): TensorValue => ({ type: 'U8', dimensions: [data.byteLength], data });

describe('a client reaches the hub with', () => {
  it('load, whose parts are Blobs or bytes', async () => {
    const load = vi.fn<Client['load']>(async () => info);
    const client = open({ load });
    expect(await client.load([Uint8Array.of(1, 2), new Blob(['ab'])], 'openvino', 'tpu')).toEqual(info);
    const [parts = [], encoding, target] = load.mock.calls[0] ?? [];
    const bytes = await Promise.all(parts.map(async (part) => [...new Uint8Array(await part.arrayBuffer())]));
    expect([bytes, encoding, target]).toEqual([
      [
        [1, 2],
        [97, 98],
      ],
      'openvino',
      'tpu',
    ]);
  });

  it('loadByName, unload, readTensor and releaseTensor', async () => {
    const large = new Uint8Array(10_000).fill(7);
    const unload = vi.fn<Client['unload']>(async () => undefined);
    const releaseTensor = vi.fn<Client['releaseTensor']>();
    const client = open({
      loadByName: async (name) => ({ ...info, backend: name }),
      readTensor: async () => tensor(large),
      unload,
      releaseTensor,
    });
    expect(await client.loadByName('模型\0"')).toEqual({ ...info, backend: '模型\0"' });
    expect(await client.readTensor(5)).toEqual(tensor(new Uint8Array(10_000).fill(7)));
    expect(large.byteLength).toBe(0);
    expect([await client.unload(6), await client.releaseTensor(7)]).toEqual([undefined, undefined]);
    expect([unload.mock.calls, releaseTensor.mock.calls]).toEqual([[[6]], [[7]]]);
  });

  it('startText, whose prompt may have images', async () => {
    const startText = vi.fn<Client['startText']>(async () => 7);
    const client = open({ startText });
    const texts = { prompt: Uint8Array.of(1), configuration: Uint8Array.of(2) };
    expect(await client.startText(3, texts)).toBe(7);
    expect(await client.startText(3, { ...texts, isChat: true, images: [Uint8Array.of(4), new Uint8Array()] })).toBe(7);
    expect(startText.mock.calls).toEqual([
      [3, { ...texts, isChat: false }],
      [3, { ...texts, isChat: true, images: [Uint8Array.of(4), new Uint8Array()] }],
    ]);
  });

  it('compute, and learns where the graph runs', async () => {
    const device = { target: 'cpu', provider: 'wasm', description: 'moved' } as const;
    const client = open({
      loadByName: async () => info,
      compute: async (_graph, inputs) => ({ outputs: inputs, ...(inputs.length > 0 && { device }) }),
    });
    const graph = await client.loadByName('m');
    expect([await client.compute(graph.id, []), graph.device]).toEqual([[], info.device]);
    await client.compute(graph.id, [['x', tensor(new Uint8Array(1))]]);
    expect(graph.device).toEqual(device);
    await client.compute(graph.id, []);
    expect(graph.device).toEqual(device);
  });
});

describe('the buffers of tensors', () => {
  it.each([
    [10_000, 0],
    [1000, 1000],
  ])('are handed over where that is worth it: of %d bytes %d stay', async (length, left) => {
    const data = new Uint8Array(length).fill(7);
    const [output] = await open(echo).compute(0, [['x', tensor(data)]]);
    expect([data.byteLength, dataOf(output?.[1])]).toEqual([left, new Uint8Array(length).fill(7)]);
  });

  it('are handed over where few bytes have a large buffer', () => {
    const view = new Uint8Array(10_000).subarray(0, 4);
    expect(buffersOf([['x', tensor(view)]])).toEqual([view.buffer]);
  });

  it('stay where the caller keeps the inputs', async () => {
    const data = new Uint8Array(10_000).fill(7);
    const client = open(echo);
    for (let round = 0; round < 2; round++) {
      const [output] = await client.compute(0, [['x', tensor(data)]], { keepsInputs: true });
      expect([data.byteLength, dataOf(output?.[1])]).toEqual([10_000, new Uint8Array(10_000).fill(7)]);
    }
  });

  it('stay where the tensor is a view, here and at the hub', async () => {
    const heap = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
    const atHub = heap.slice();
    const client = open({
      compute: async (_graph, inputs) => ({ outputs: [...inputs, ['y', tensor(atHub.subarray(1))]] }),
    });
    for (let round = 0; round < 2; round++) {
      const outputs = await client.compute(0, [['x', tensor(heap.subarray(10, 10_010))]]);
      const expected = [heap.slice(10, 10_010), heap.slice(1)];
      expect(outputs.map(([, output]) => Buffer.compare(dataOf(output), expected.shift() ?? new Uint8Array()))).toEqual(
        [0, 0],
      );
    }
    expect([heap.byteLength, atHub.byteLength]).toEqual([20_000, 20_000]);
  });

  it('that two tensors share arrive for both', async () => {
    const data = new Uint8Array(10_000).fill(3);
    const shared = [data, data, new Uint8Array(data.buffer), data.subarray(9_999)];
    const outputs = await open(echo).compute(
      0,
      shared.map((bytes, index) => [String(index), tensor(bytes)]),
    );
    expect(outputs.map(([, output]) => dataOf(output).reduce((sum, byte) => sum + byte, 0))).toEqual([
      30_000, 30_000, 30_000, 3,
    ]);
  });

  it('that cannot be posted fail the call alone', async () => {
    const port = serve(echo);
    const client = createInferenceClient(port);
    vi.spyOn(port, 'postMessage').mockImplementationOnce(() => {
      throw new DOMException('an ArrayBuffer is detached and could not be cloned', 'DataCloneError');
    });
    await expect(client.compute(0, [['x', tensor(new Uint8Array(4))]])).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'invalid-argument',
      message: expect.stringContaining('detached'),
    });
    expect(await client.compute(0, [])).toEqual([]);
  });
});

describe('a client', () => {
  it.each([undefined, null, [], {}, 'text', { data: 1 }, { outputs: 5 }])('refuses %j as an answer', async (result) => {
    const client = createInferenceClient(answering(result));
    const calls = [client.load([], 'onnx', 'cpu'), client.loadByName('m'), client.compute(0, []), client.readTensor(0)];
    const wrong = {
      status: 'rejected',
      reason: { code: 'runtime-error', message: expect.stringContaining('version') },
    };
    expect(await Promise.allSettled(calls)).toMatchObject(calls.map(() => wrong));
  });

  it('that is closed rejects the calls under way, and those that follow', async () => {
    const client = open({ loadByName: () => new Promise(() => undefined) });
    const gone = new WasiNNError('runtime-error', 'gone');
    const failing = expect(client.loadByName('m')).rejects.toBe(gone);
    client.close(gone);
    await failing;
    await expect(client.compute(0, [])).rejects.toBe(gone);
  });
});

describe('a client that sends anything', () => {
  const input = (value: unknown, name: unknown = 'x') => ({ graph: 0, inputs: [[name, value]] });
  const bytes = new Uint8Array(1);
  const asked = { graph: 3, prompt: bytes, configuration: bytes };

  it.each([
    ['load', undefined],
    ['load', { parts: [bytes], encoding: 'onnx', target: 'cpu' }],
    ['load', { parts: 'model', encoding: 'onnx', target: 'cpu' }],
    ['load', { parts: [], encoding: 'nosuch', target: 'cpu' }],
    ['load', { parts: [], encoding: 'onnx' }],
    ['load', { parts: [], encoding: 'onnx', target: 5 }],
    ['loadByName', 'm'],
    ['loadByName', { name: ['m'] }],
    ['compute', { graph: '0', inputs: [] }],
    ['compute', { inputs: [] }],
    ['compute', { graph: 0 }],
    ['compute', { graph: 0, inputs: 'x' }],
    ['compute', { graph: 0, inputs: [['x']] }],
    ['compute', { graph: 0, inputs: [{ 0: 'x', 1: {}, length: 2 }] }],
    ['compute', input({ type: 'U8', dimensions: [1], data: bytes }, 5)],
    ['compute', input({ type: 'U9', dimensions: [1], data: bytes })],
    ['compute', input({ type: 'U8', dimensions: 1, data: bytes })],
    ['compute', input({ type: 'U8', dimensions: ['1'], data: bytes })],
    ['compute', input({ type: 'U8', dimensions: [1], data: [1] })],
    ['compute', input({ type: 'U8', dimensions: [1], data: new Uint16Array(1) })],
    ['compute', input({ type: 'U8', dimensions: [1] })],
    ['compute', input({ type: 'U8', dimensions: [1], deviceTensor: '0' })],
    ['unload', { graph: null }],
    ['startText', { ...asked, images: 'cat.png' }],
    ['startText', { ...asked, images: { 0: bytes, length: 1 } }],
    ['startText', { ...asked, images: [[1]] }],
    ['startText', { ...asked, images: Array(1) }],
    ['startText', { ...asked, images: Array(65).fill(bytes) }],
    ['readTensor', {}],
    ['releaseTensor', 0],
  ])('is refused: %s with %j', async (method, parameters) => {
    const rpc = openRpc(endpointOf(serve({})));
    await expect(rpc.request(method, parameters)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('the hub cannot read this request'),
    });
  });

  it.each(['close', 'usage', 'toString', 'call'])('reaches no other method: %s', async (method) => {
    const close = vi.fn();
    const rpc = openRpc(endpointOf(serve({ close, usage: close })));
    await expect(rpc.request(method, {})).rejects.toThrow(`there is no method "${method}"`);
    expect(close).not.toHaveBeenCalled();
  });

  it('is served through its port beside its mailbox', async () => {
    const rpc = openRpc(endpointOf(serve(echo, createMailbox())));
    expect(await rpc.request('compute', { graph: 0, inputs: [] })).toEqual({ outputs: [] });
  });

  it('ends its own service with a mailbox that breaks the rules', async () => {
    const mailbox = createMailbox();
    const port = serve({}, mailbox);
    const closed = new Promise((resolve) => port.addEventListener('close', resolve));
    const words = new Int32Array(mailbox, 0, 4);
    new Uint8Array(mailbox, 16, 4).fill(255);
    Atomics.store(words, 0, 4);
    Atomics.notify(words, 0);
    await closed;
    expect(Atomics.load(words, 3)).toBe(1);
  });

  it.each([5, null, {}, { method: 'compute' }, { method: 'close', parameters: {} }, { method: 5, parameters: {} }])(
    'is refused in its mailbox: %j',
    async (message) => {
      const mailbox = createMailbox();
      serve({}, mailbox);
      const header = new TextEncoder().encode(JSON.stringify(message));
      const words = new Int32Array(mailbox, 0, 4);
      new Uint8Array(mailbox, 16).set([header.byteLength, 0, 0, 0, ...header]);
      Atomics.store(words, 0, header.byteLength + 4);
      Atomics.notify(words, 0);
      await Atomics.waitAsync(words, 1, 0).value;
      const response = new Uint8Array(mailbox, 16 + pieceBytes + 4, Atomics.load(words, 1) - 4);
      expect(new TextDecoder().decode(response.slice())).toContain('the hub cannot read this request');
    },
  );
});
