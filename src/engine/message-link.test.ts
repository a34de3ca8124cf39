import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorCodes, WasiNNError } from '../standard/error.js';
import type { NamedTensor, TensorValue } from '../standard/tensor.js';
import type { EngineConnection } from './engine.js';
import { dataOf, unused } from './link.fixture.js';
import type { EngineLink, GraphInfo, NamedLinkTensor } from './link.js';
import { createMessageLink } from './message-link.js';
import { serve } from './serve.js';

const info: GraphInfo = {
  id: 3,
  backend: 'fake',
  device: { target: 'gpu', provider: 'webgpu', description: 'WebGPU, some adapter' },
  inputs: [{ name: 'x', type: 'FP32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'bool', shape: [] }],
};

const opened: MessagePort[] = [];

afterEach(() => {
  for (const port of opened.splice(0)) port.close();
});

function channel(): { near: MessagePort; far: MessagePort } {
  const { port1: near, port2: far } = new MessageChannel();
  opened.push(near, far);
  return { near, far };
}

/** What `postMessage` does in browsers with a buffer that was transferred before. Node finds out at the other end. */
function throwDataCloneError(): never {
  throw new DOMException('an ArrayBuffer is detached and could not be cloned', 'DataCloneError');
}

/** A link to an engine of which a test gives the parts that it needs. */
function linkTo(connection: Partial<EngineConnection>): EngineLink {
  const { near, far } = channel();
  serve(far, { ...unused, ...connection });
  return createMessageLink(near);
}

/** An engine whose outputs are its inputs. */
const echo = { compute: async (_graph: number, inputs: readonly NamedTensor[]) => inputs };

function tensor(data: Uint8Array<ArrayBuffer>): TensorValue {
  return { type: 'U8', dimensions: [data.byteLength], data };
}

const isDetached = (bytes: Uint8Array, lengthBefore: number) => lengthBefore > 0 && bytes.byteLength === 0;

describe('a message link carries', () => {
  it('load', async () => {
    const calls: unknown[][] = [];
    const link = linkTo({
      load: async (...values) => {
        calls.push(values);
        return info;
      },
    });
    expect(await link.load([Uint8Array.of(1, 2), Uint8Array.of(3)], 'openvino', 'tpu')).toEqual(info);
    expect(calls).toEqual([[[Uint8Array.of(1, 2), Uint8Array.of(3)], 'openvino', 'tpu', 0]]);
  });

  it('loadByName', async () => {
    const link = linkTo({ loadByName: async (name) => ({ ...info, backend: name }) });
    expect(await link.loadByName('模型\0"')).toEqual({ ...info, backend: '模型\0"' });
  });

  it('compute, with names, types, shapes and bytes', async () => {
    const graphs: number[] = [];
    const link = linkTo({
      compute: async (graph, inputs) => {
        graphs.push(graph);
        return [...inputs].reverse();
      },
    });
    const inputs = (): NamedTensor[] => [
      ['a', { type: 'FP32', dimensions: [1, 1], data: Uint8Array.of(0, 0, 192, 127) }],
      ['', { type: 'I64', dimensions: [], data: new Uint8Array(8).fill(255) }],
      ['empty', { type: 'BF16', dimensions: [0, 4], data: new Uint8Array() }],
    ];
    expect(await link.compute(7, inputs())).toEqual(inputs().reverse());
    expect(graphs).toEqual([7]);
  });

  it('compute with tensors on devices among others, both ways', async () => {
    const resident: NamedLinkTensor = ['a', { type: 'FP16', dimensions: [2, 3], resident: 7 }];
    const tensors = (): NamedLinkTensor[] => [resident, ['b', tensor(new Uint8Array(10_000).fill(3))]];
    const came: unknown[] = [];
    const link = linkTo({
      compute: async (_graph, inputs) => {
        came.push(structuredClone(inputs));
        return inputs;
      },
    });
    expect(await link.compute(0, tensors())).toEqual(tensors());
    expect(came).toEqual([tensors()]);
  });

  it('readTensor and releaseTensor', async () => {
    const calls: unknown[][] = [];
    const large = new Uint8Array(10_000).fill(7);
    const link = linkTo({
      async readTensor(...values) {
        calls.push(['read', ...values]);
        return { type: 'U8', dimensions: [100, 100], data: large };
      },
      async releaseTensor(...values) {
        calls.push(['release', ...values]);
      },
    });
    const data = new Uint8Array(10_000).fill(7);
    expect(await link.readTensor(5)).toEqual({ type: 'U8', dimensions: [100, 100], data });
    expect(isDetached(large, 10_000)).toBe(true);
    expect(await link.releaseTensor(6)).toBeUndefined();
    expect(calls).toEqual([
      ['read', 5, 0],
      ['release', 6],
    ]);
  });

  it('compute without any tensors', async () => {
    expect(await linkTo(echo).compute(0, [])).toEqual([]);
  });

  it('unload', async () => {
    const unloaded: number[] = [];
    const link = linkTo({
      unload: async (graph) => {
        unloaded.push(graph);
      },
    });
    expect(await link.unload(5)).toBeUndefined();
    expect(unloaded).toEqual([5]);
  });
});

describe('an error crosses the link', () => {
  it.each(errorCodes)('with its code %s and its message', async (code) => {
    const link = linkTo({
      loadByName: async () => {
        throw new WasiNNError(code, `load-by-name: ${code}`, { cause: new Error('stays there') });
      },
    });
    const failure = await Promise.resolve(link.loadByName('m')).catch((cause: unknown) => cause);
    expect(failure).toBeInstanceOf(WasiNNError);
    expect(failure).toMatchObject({ code, message: `load-by-name: ${code}` });
  });

  it.each([
    [new RangeError('out of bounds'), 'the engine failed: out of bounds'],
    [13_372_040, 'the engine failed: the runtime stopped with the bare code 13372040'],
    ['abort', 'the engine failed: abort'],
  ])('as runtime-error where it was something else: %s', async (thrown, message) => {
    const fail = () => Promise.reject(thrown);
    const link = linkTo({
      load: fail,
      loadByName: fail,
      compute: fail,
      unload: fail,
      readTensor: fail,
      releaseTensor: fail,
    });
    const calls = [
      link.load([], 'onnx', 'cpu'),
      link.loadByName('m'),
      link.compute(1, []),
      link.unload(1),
      link.readTensor(1),
      link.releaseTensor(1),
    ];
    const failed = { status: 'rejected', reason: { name: 'WasiNNError', code: 'runtime-error', message } };
    expect(await Promise.allSettled(calls)).toMatchObject(calls.map(() => failed));
  });

  it('and leaves the link usable', async () => {
    const link = linkTo(echo);
    await expect(link.loadByName('m')).rejects.toThrow('does not expect this call');
    expect(await link.compute(0, [])).toEqual([]);
  });
});

describe('buffers', () => {
  it('are transferred where they are whole', async () => {
    const data = new Uint8Array(10_000).fill(7);
    const [output] = await linkTo(echo).compute(0, [['x', tensor(data)]]);
    expect(isDetached(data, 10_000)).toBe(true);
    expect(dataOf(output?.[1])).toEqual(new Uint8Array(10_000).fill(7));
  });

  it('of small tensors are copied, which costs less', async () => {
    const data = new Uint8Array(1000).fill(7);
    const [output] = await linkTo(echo).compute(0, [['x', tensor(data)]]);
    expect(data.byteLength).toBe(1000);
    expect(dataOf(output?.[1])).toEqual(data);
  });

  it('of builders are transferred where they are whole', async () => {
    const [part, view] = [new Uint8Array(1000), new Uint8Array(2000).subarray(10, 20)];
    await linkTo({ load: async () => info }).load([part, view], 'onnx', 'cpu');
    expect(isDetached(part, 1000)).toBe(true);
    expect(view.byteLength).toBe(10);
  });

  it('that are larger than the view of them stay', async () => {
    const larger = Uint8Array.from({ length: 100 }, (_, index) => index);
    const [output] = await linkTo(echo).compute(0, [['x', tensor(larger.subarray(10, 14))]]);
    expect(larger.byteLength).toBe(100);
    expect(dataOf(output?.[1])).toEqual(Uint8Array.of(10, 11, 12, 13));
    expect(dataOf(output?.[1]).buffer.byteLength).toBe(4);
  });

  it('that are larger than the view of them stay at the other end too', async () => {
    const heap = new Uint8Array(64).fill(9);
    const link = linkTo({ compute: async () => [['y', tensor(heap.subarray(8, 12))]] });
    for (let round = 0; round < 2; round++) {
      const [output] = await link.compute(0, []);
      expect(dataOf(output?.[1])).toEqual(Uint8Array.of(9, 9, 9, 9));
    }
    expect(heap.byteLength).toBe(64);
  });

  it('that are shared by two tensors arrive for both', async () => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const alias = new Uint8Array(data.buffer);
    const outputs = await linkTo(echo).compute(0, [
      ['a', tensor(data)],
      ['b', tensor(data)],
      ['c', tensor(alias)],
      ['d', tensor(data.subarray(2))],
    ]);
    expect(outputs.map(([name, tensor]) => [name, ...dataOf(tensor)])).toEqual([
      ['a', 1, 2, 3, 4],
      ['b', 1, 2, 3, 4],
      ['c', 1, 2, 3, 4],
      ['d', 3, 4],
    ]);
  });

  it('that are shared by two builders arrive for both', async () => {
    const part = Uint8Array.of(1, 2);
    const lengths: number[] = [];
    const link = linkTo({
      load: async (parts) => {
        lengths.push(...parts.map(({ byteLength }) => byteLength));
        return info;
      },
    });
    await link.load([part, part], 'onnx', 'cpu');
    expect(lengths).toEqual([2, 2]);
  });

  it('that are empty can be sent again and again', async () => {
    const empty = new Uint8Array();
    const link = linkTo(echo);
    await link.compute(0, [['x', tensor(empty)]]);
    await expect(link.compute(0, [['x', tensor(new Uint8Array())]])).resolves.toHaveLength(1);
  });

  it('that were transferred before, at which browsers throw, are refused with a WasiNNError', async () => {
    const { near, far } = channel();
    serve(far, { ...unused, ...echo });
    const link = createMessageLink(near);
    vi.spyOn(near, 'postMessage').mockImplementationOnce(throwDataCloneError);
    await expect(link.compute(0, [['x', tensor(new Uint8Array(4))]])).rejects.toMatchObject({
      name: 'WasiNNError',
      message: expect.stringContaining('detached'),
    });
    expect(await link.compute(0, [])).toEqual([]);
  });
});

describe('answers', () => {
  it('find their calls in any order', async () => {
    const { near, far } = channel();
    const link = createMessageLink(near);
    const requests: { id: number; name: string }[] = [];
    const collected = new Promise<void>((resolve) => {
      far.onmessage = ({ data }) => {
        requests.push({ id: data.id, name: data.name });
        if (requests.length === 3) resolve();
      };
    });
    const calls = ['a', 'b', 'c'].map((name) => link.loadByName(name));
    await collected;
    for (const { id, name } of requests.reverse()) far.postMessage({ id, result: { ...info, backend: name } });
    expect((await Promise.all(calls)).map(({ backend }) => backend)).toEqual(['a', 'b', 'c']);
  });

  it('do not wait for a call that takes long', async () => {
    let finish = (_info: GraphInfo) => {};
    const slow = new Promise<GraphInfo>((resolve) => {
      finish = resolve;
    });
    const link = linkTo({ ...echo, loadByName: () => slow });
    const loading = link.loadByName('m');
    expect(await link.compute(0, [])).toEqual([]);
    finish(info);
    expect(await loading).toEqual(info);
  });

  it('of the wrong kind are told as such', async () => {
    const { near, far } = channel();
    const link = createMessageLink(near);
    far.onmessage = ({ data }) => far.postMessage({ id: data.id, result: data.operation === 'compute' ? info : [] });
    const wrong = {
      status: 'rejected',
      reason: { code: 'runtime-error', message: expect.stringContaining('version') },
    };
    const calls = [link.load([], 'onnx', 'cpu'), link.loadByName('m'), link.compute(0, []), link.readTensor(0)];
    expect(await Promise.allSettled(calls)).toMatchObject([wrong, wrong, wrong, wrong]);
  });

  it('to a read that are no value are of the wrong kind, too', async () => {
    const { near, far } = channel();
    const link = createMessageLink(near);
    const answers = [undefined, info, [['', { type: 'U8', dimensions: [], resident: 0 }]]];
    far.onmessage = ({ data }) => far.postMessage({ id: data.id, result: answers[data.resident] });
    for (const resident of answers.keys()) {
      await expect(link.readTensor(resident)).rejects.toMatchObject({ message: expect.stringContaining('version') });
    }
  });

  it('with an error code of another version become unknown', async () => {
    const { near, far } = channel();
    far.onmessage = ({ data }) => far.postMessage({ id: data.id, error: { code: 'newer', message: 'as ever' } });
    await expect(createMessageLink(near).loadByName('m')).rejects.toMatchObject({
      code: 'unknown',
      message: 'as ever',
    });
  });

  it('are not confused by what else comes through the port', async () => {
    const { near, far } = channel();
    const link = createMessageLink(near);
    far.onmessage = ({ data }) => {
      for (const noise of [null, 'text', 5, {}, { id: 'x' }, { id: data.id }, { id: 99, result: [] }]) {
        far.postMessage(noise);
      }
      far.postMessage({ id: data.id, result: info });
      far.postMessage({ id: data.id, error: { code: 'unknown', message: 'a second answer' } });
    };
    expect(await link.loadByName('m')).toEqual(info);
    expect(await link.loadByName('m')).toEqual(info);
  });
});

describe('serve', () => {
  it('ignores what is no request', async () => {
    const { near, far } = channel();
    serve(far, { ...unused, ...echo });
    const answered = new Promise((resolve) => {
      near.onmessage = ({ data }) => resolve(data);
    });
    for (const noise of [null, 'text', 5, {}, { id: 0 }, { operation: 'load' }]) near.postMessage(noise);
    near.postMessage({ id: 42, operation: 'compute', graph: 0, inputs: [] });
    expect(await answered).toEqual({ id: 42, result: [] });
  });

  it('answers with an error where the result cannot be sent', async () => {
    const { near, far } = channel();
    serve(far, { ...unused, ...echo });
    vi.spyOn(far, 'postMessage').mockImplementationOnce(throwDataCloneError);
    await expect(createMessageLink(near).compute(0, [])).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'runtime-error',
      message: expect.stringContaining('detached'),
    });
  }, 1000);
});
