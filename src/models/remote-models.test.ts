import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endpointOf, openRpc, type Rpc } from '../rpc/rpc.js';
import { WasiNNError } from '../standard/error.js';
import type { Models, OpenModel } from './models.js';
import type { ModelsOperation } from './protocol.js';
import { toRegistryOptions } from './registry.js';
import { createRemoteModels } from './remote-models.js';
import { serveModels } from './serve-models.js';

const model: OpenModel = {
  parts: [],
  encoding: 'onnx',
  target: 'cpu',
  freeDimensions: {},
  graphOptimization: 'all',
  fetch: { credentials: 'same-origin', headers: {}, retries: 4, stallTimeout: 30_000, minimumRate: 0 },
};

let channel: MessageChannel;
let rpc: Rpc;
let remote: Models;

const served = {
  open: vi.fn<Models['open']>(),
  forget: vi.fn<Models['forget']>(),
  add: vi.fn<Models['add']>(),
  list: vi.fn<Models['list']>(),
  targetOf: vi.fn<Models['targetOf']>(),
  preload: vi.fn<Models['preload']>(),
  delete: vi.fn<Models['delete']>(),
  clear: vi.fn<Models['clear']>(),
  usage: vi.fn<Models['usage']>(),
  findConverted: vi.fn<Models['findConverted']>(),
  keepConverted: vi.fn<Models['keepConverted']>(),
};

beforeEach(() => {
  channel = new MessageChannel();
  openRpc(endpointOf(channel.port2), {
    models: (operation, { signal }) => serveModels(served, operation as ModelsOperation, signal),
  });
  rpc = openRpc(endpointOf(channel.port1));
  remote = createRemoteModels((operation, signal) => {
    const transfer = operation.operation === 'keepConverted' ? [operation.piece.bytes.buffer] : [];
    return rpc.request('models', operation, { signal, transfer });
  });
});

afterEach(() => {
  channel.port1.close();
  vi.resetAllMocks();
});

/** What a call does that ends when it is aborted. */
function untilAborted(signal: AbortSignal | undefined, onAbort: () => void = () => undefined): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal?.addEventListener('abort', () => {
      onAbort();
      reject(signal.reason);
    }),
  );
}

describe('remote models', () => {
  it('pass on a conversion, whose bytes are handed over', async () => {
    const conversion = { files: ['a', 'b'], key: 'openvino-1-0f' };
    const bytes = Uint8Array.of(1, 2);
    served.findConverted.mockResolvedValueOnce(bytes).mockResolvedValueOnce(undefined);
    expect(await remote.findConverted(conversion)).toEqual(Uint8Array.of(1, 2));
    expect(bytes.byteLength).toBe(0);
    expect(await remote.findConverted(conversion)).toBeUndefined();
    expect(served.findConverted).toHaveBeenCalledWith(conversion);

    served.keepConverted.mockResolvedValueOnce(true);
    const piece = { offset: 0, total: 5, bytes: Uint8Array.of(3, 4) };
    expect(await remote.keepConverted(conversion, piece)).toBe(true);
    expect(piece.bytes.byteLength).toBe(0);
    expect(served.keepConverted).toHaveBeenCalledWith(conversion, { ...piece, bytes: Uint8Array.of(3, 4) });
  });

  it('pass on a model, whose bytes are handed over', async () => {
    const parts = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    served.open.mockResolvedValue({ ...model, parts });
    expect(await remote.open('m')).toEqual({ ...model, parts: [Uint8Array.of(1, 2), Uint8Array.of(3)] });
    expect(parts.map(({ byteLength }) => byteLength)).toEqual([0, 0]);
    expect(served.open).toHaveBeenCalledWith('m', expect.any(AbortSignal));
  });

  it('pass on what is asked for, and its answer', async () => {
    const listing = { name: 'm', encoding: 'onnx', target: 'cpu', urls: [], cached: 'no', cachedBytes: 0 } as const;
    const usage = { bytes: 1, files: 2, budget: 3, origin: { usage: 4, quota: 5 } };
    served.list.mockResolvedValue([listing]);
    served.usage.mockResolvedValue(usage);
    expect(await remote.list()).toEqual([listing]);
    expect(await remote.usage()).toEqual(usage);
    served.targetOf.mockResolvedValue('tpu');
    expect(await remote.targetOf('m')).toBe('tpu');
    expect(served.targetOf).toHaveBeenCalledWith('m');
    await remote.preload('a');
    await remote.delete('b');
    await remote.forget('c');
    await remote.clear();
    expect(served.preload).toHaveBeenCalledWith('a', expect.any(AbortSignal));
    expect(served.delete).toHaveBeenCalledWith('b');
    expect(served.forget).toHaveBeenCalledWith('c');
    expect(served.clear).toHaveBeenCalledWith();
  });

  it('add entries before what is asked for next', async () => {
    const { entries } = toRegistryOptions({ m: { data: Uint8Array.of(1) } }, [], 'https://page.example/');
    served.list.mockImplementation(async () => {
      expect(served.add).toHaveBeenCalledWith(entries);
      return [];
    });
    remote.add(entries);
    await remote.list();
    expect(served.list).toHaveBeenCalled();
  });

  it('pass on errors, with their codes', async () => {
    served.open.mockRejectedValue(new WasiNNError('not-found', 'no such model'));
    served.clear.mockRejectedValue(new Error('broken'));
    await expect(remote.open('m')).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'not-found',
      message: 'no such model',
    });
    await expect(remote.clear()).rejects.toMatchObject({ code: 'runtime-error', message: 'models: broken' });
  });

  it('answer in any order', async () => {
    let finish = () => {};
    served.preload.mockImplementation(
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    served.list.mockResolvedValue([]);
    const preloading = remote.preload('m');
    expect(await remote.list()).toEqual([]);
    finish();
    await preloading;
  });

  it('abort what is under way, with the reason, and nothing else', async () => {
    const aborted: string[] = [];
    served.preload.mockImplementation((name, signal) => untilAborted(signal, () => aborted.push(name)));
    served.list.mockResolvedValue([]);
    const controller = new AbortController();
    const one = remote.preload('one', controller.signal);
    void remote.preload('other');
    controller.abort('enough');
    await expect(one).rejects.toBe('enough');
    // What is answered after it shows that the abort has come.
    await remote.list();
    expect(aborted).toEqual(['one']);
  });

  it('ask for nothing with a signal that is aborted already', async () => {
    served.list.mockResolvedValue([]);
    await expect(remote.open('m', AbortSignal.abort('early'))).rejects.toBe('early');
    await remote.list();
    expect(served.open).not.toHaveBeenCalled();
  });

  it('fail when their worker is gone, adding apart', async () => {
    served.preload.mockImplementation((_name, signal) => untilAborted(signal));
    const calls = [remote.preload('m'), remote.preload('n')];
    remote.add(new Map());
    rpc.close(new WasiNNError('runtime-error', 'gone'));
    for (const call of calls) await expect(call).rejects.toThrow('gone');
  });

  it('take no answer of a wrong kind', async () => {
    const strange = createRemoteModels(async () => []);
    await expect(strange.usage()).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('of the wrong kind'),
    });
  });
});
