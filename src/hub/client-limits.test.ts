import { describe, expect, it } from 'vitest';
import type { Limits } from '../rpc/limits.js';
import { input, loadOnnx, openTestHub } from './hub.fixture.js';

const open = (limits: Partial<Limits>) => {
  const opened = openTestHub({ limits });
  return { ...opened, client: opened.hub.connect() };
};

const tooLarge = (message: string) => ({ name: 'WasiNNError', code: 'too-large', message });

describe('a client may not', () => {
  it('load a model of more bytes than the page allows, all parts together', async () => {
    const { client } = open({ modelBytes: 5 });
    const model = (bytes: number) => new Blob([Uint8Array.of(8, 7, 18, 0), new Uint8Array(bytes - 4)]);
    await expect(client.load([model(4), new Blob(['ab'])], 'onnx', 'cpu')).rejects.toMatchObject(
      tooLarge('load: 6 bytes of a model are more than the 5 that the page allows'),
    );
    await client.load([model(5)], 'onnx', 'cpu');
  });

  it('have more graphs than the page allows, loads under way included', async () => {
    const { client, hub } = open({ graphs: 2 });
    const outcomes = await Promise.allSettled([loadOnnx(client), client.loadByName('m'), loadOnnx(client)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(client.loadByName('m')).rejects.toMatchObject(
      tooLarge('load: 3 graphs at a time are more than the 2 that the page allows'),
    );
    await loadOnnx(hub.connect());
    await client.unload(0);
    await loadOnnx(client);
  });

  it('have a failed load count among its graphs', async () => {
    const { client, fake } = open({ graphs: 1 });
    fake.faults.load = new Error('out of memory');
    await expect(loadOnnx(client)).rejects.toThrow('out of memory');
    fake.faults.load = undefined;
    await loadOnnx(client);
  });

  it('pass in or get out more bytes than the page allows', async () => {
    const { client, fake } = open({ tensorBytes: 4 });
    fake.outputsPerInput = 2;
    const { id } = await loadOnnx(client);
    await expect(client.compute(id, [input(1, 2, 3, 4, 5)])).rejects.toMatchObject(
      tooLarge('compute: 5 bytes of inputs are more than the 4 that the page allows'),
    );
    await expect(client.compute(id, [input(1, 2, 3)])).rejects.toMatchObject(
      tooLarge('compute: 6 bytes of outputs are more than the 4 that the page allows'),
    );
    expect((await client.compute(id, [input(1, 2)])).outputs).toHaveLength(2);
  });

  it('have more calls under way than the page allows', async () => {
    const { client, hub, fake } = open({ queuedCalls: 3 });
    const { id } = await loadOnnx(client);
    const release = fake.hold();
    const calls = [1, 2, 3].map((byte) => client.compute(id, [input(byte)]));
    for (const call of [client.compute(id, [input(4)]), client.loadByName('m'), client.readTensor(0)]) {
      await expect(call).rejects.toMatchObject({
        code: 'too-large',
        message: expect.stringContaining('4 calls at a time'),
      });
    }
    const other = loadOnnx(hub.connect());
    release();
    await Promise.all([...calls, other]);
    expect((await client.compute(id, [input(4)])).outputs).toEqual([input(5)]);
  });
});
