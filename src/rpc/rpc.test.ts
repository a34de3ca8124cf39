import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorCodes, WasiNNError } from '../standard/error.js';
import { endpointOf, type Handlers, openRpc, type Rpc, Transferring } from './rpc.js';

interface Channel {
  readonly near: Rpc;
  readonly far: Rpc;
  readonly ports: { readonly near: MessagePort; readonly far: MessagePort };
}

function open(far: Handlers = {}, near: Handlers = {}): Channel {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => {
    port1.close();
  });
  return {
    near: openRpc(endpointOf(port1), near),
    far: openRpc(endpointOf(port2), far),
    ports: { near: port1, far: port2 },
  };
}

const echo: Handlers = { echo: (parameters) => parameters };

const gone = new WasiNNError('runtime-error', 'gone');

describe('a request', () => {
  it('gets what the handler of its method returns, in both directions', async () => {
    const { near, far } = open({ ...echo, later: async () => 'later' }, { near: () => 'near' });
    expect(await near.request('echo', { a: [1, new Uint8Array(2)] })).toEqual({ a: [1, new Uint8Array(2)] });
    expect(await Promise.all([near.request('later', undefined), far.request('near', undefined)])).toEqual([
      'later',
      'near',
    ]);
  });

  it('gets its own response, in whatever order they come', async () => {
    const finish = new Map<unknown, () => void>();
    const { near } = open({
      wait: (name) => new Promise((resolve) => finish.set(name, () => resolve(name))),
      finish: (name) => finish.get(name)?.(),
    });
    const waiting = ['a', 'b', 'c'].map((name) => near.request('wait', name));
    for (const name of ['c', 'a', 'b']) await near.request('finish', name);
    expect(await Promise.all(waiting)).toEqual(['a', 'b', 'c']);
  });

  it('hands its buffers over, and gets those of the response', async () => {
    const result = new Uint8Array(3);
    const { near } = open({ read: () => new Transferring(result, [result.buffer]) });
    const sent = new Uint8Array(2);
    expect(await near.request('read', sent, { transfer: [sent.buffer] })).toEqual(new Uint8Array(3));
    expect([sent.byteLength, result.byteLength]).toEqual([0, 0]);
  });

  it.each(errorCodes)('rejects with the error of the handler, with the code %s', async (code) => {
    const { near } = open({
      fail() {
        throw new WasiNNError(code, 'no', { cause: new Error('stays there') });
      },
    });
    const failure = await near.request('fail', undefined).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(WasiNNError);
    expect(failure).toMatchObject({ code, message: 'no' });
    expect(failure).not.toHaveProperty('cause');
  });

  it.each([
    [new RangeError('out of bounds'), 'fail: out of bounds'],
    [13_372_040, 'fail: the runtime stopped with the bare code 13372040'],
    ['abort', 'fail: abort'],
  ])('rejects with a WasiNNError whatever the handler throws: %s', async (thrown, message) => {
    const { near } = open({ fail: () => Promise.reject(thrown) });
    await expect(near.request('fail', undefined)).rejects.toMatchObject({ code: 'runtime-error', message });
  });

  it.each(['nosuch', 'toString', '__proto__', 'constructor'])('of an unknown method is refused: %s', async (method) => {
    const { near } = open(echo);
    await expect(near.request(method, undefined)).rejects.toThrow(`there is no method "${method}"`);
    expect(await near.request('echo', 1)).toBe(1);
  });

  it('rejects where it cannot be posted, and so does one whose result cannot', async () => {
    const { near } = open({ ...echo, strange: () => () => undefined });
    await expect(near.request('echo', () => undefined)).rejects.toThrow('could not be cloned');
    await expect(near.request('strange', undefined)).rejects.toMatchObject({
      name: 'WasiNNError',
      message: expect.stringContaining('could not be cloned'),
    });
    expect(await near.request('echo', 1)).toBe(1);
  });

  it('gets an error with an unknown code as unknown', async () => {
    const { near, ports } = open();
    ports.far.onmessage = ({ data }) =>
      ports.far.postMessage({ response: data.request, error: { code: 'newer', message: 'as ever' } });
    await expect(near.request('any', 0)).rejects.toMatchObject({ code: 'unknown', message: 'as ever' });
  });
});

describe('a signal', () => {
  it('gives up its own request alone, and aborts the signal of the handler', async () => {
    const aborted: unknown[] = [];
    const { near } = open({
      ...echo,
      wait: (name, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted.push(name);
            resolve('nobody waits for this');
          });
        }),
    });
    const controller = new AbortController();
    const one = near.request('wait', 'one', { signal: controller.signal });
    const failing = expect(one).rejects.toBe('enough');
    void near.request('wait', 'other', { signal: new AbortController().signal });
    controller.abort('enough');
    await failing;
    // Its response shows that the cancellation has come before it.
    await near.request('echo', 1);
    expect(aborted).toEqual(['one']);
  });

  it('that is aborted already sends nothing', async () => {
    const { near, ports } = open(echo);
    const post = vi.spyOn(ports.near, 'postMessage');
    await expect(near.request('echo', 1, { signal: AbortSignal.abort('early') })).rejects.toBe('early');
    expect(post).not.toHaveBeenCalled();
  });

  it('has no listener left when its request has ended, and is of no effect then', async () => {
    const { near, ports } = open({ ...echo, fail: () => Promise.reject(gone) });
    const controller = new AbortController();
    const { signal } = controller;
    const [added, removed] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    await near.request('echo', 1, { signal });
    await expect(near.request('fail', 1, { signal })).rejects.toThrow('gone');
    expect([added.mock.calls.length, removed.mock.calls.length]).toEqual([2, 2]);
    const post = vi.spyOn(ports.near, 'postMessage');
    controller.abort();
    expect(post).not.toHaveBeenCalled();
  });
});

describe('close', () => {
  it('rejects the requests under way and those that follow, and aborts what the handlers do', async () => {
    const abort = vi.fn();
    const { near, far } = open({
      wait: (_, { signal }) => {
        signal.addEventListener('abort', () => abort(signal.reason));
        far.close(gone);
        near.close(gone);
        return new Promise(() => undefined);
      },
    });
    await expect(near.request('wait', undefined, { signal: new AbortController().signal })).rejects.toBe(gone);
    await expect(near.request('wait', undefined)).rejects.toBe(gone);
    near.notify('wait', undefined);
    expect(abort.mock.calls).toEqual([[gone]]);
  });
});

it('a notification gets no response, whatever comes of it', async () => {
  const notified: unknown[] = [];
  const { near, ports } = open({ ...echo, note: (parameters) => notified.push(parameters) });
  const post = vi.spyOn(ports.far, 'postMessage');
  near.notify('note', 1);
  near.notify('nosuch', 2);
  await near.request('echo', 3);
  expect([notified, post.mock.calls.length]).toEqual([[1], 1]);
});

it('messages of other kinds are ignored', async () => {
  const { near, ports } = open(echo);
  const noise = [
    null,
    'text',
    5,
    [],
    {},
    { request: 0 },
    { method: 5, parameters: 0 },
    { response: 'x' },
    { response: 99 },
  ];
  for (const message of [...noise, { cancel: 99 }, { cancel: 'all' }, { method: 'echo' }]) {
    ports.near.postMessage(message);
    ports.far.postMessage(message);
  }
  expect(await near.request('echo', 1)).toBe(1);
});
