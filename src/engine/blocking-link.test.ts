import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { build } from 'vite';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { errorCodes, WasiNNError } from '../standard/error.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { GuestOrders, GuestReport } from './blocking-link.fixture.js';
import { createBlockingLink } from './blocking-link.js';
import type { EngineConnection } from './engine.js';
import { unused } from './link.fixture.js';
import type { GraphInfo, NamedLinkTensor } from './link.js';
import { createMailbox } from './mailbox.js';
import type { Operation, Outcome, Result } from './protocol.js';
import { serve } from './serve.js';

/** A thread that really blocks, and an engine in this one that serves it. */

const info: GraphInfo = {
  id: 3,
  backend: '模型',
  device: { target: 'gpu', provider: 'webgpu', description: 'WebGPU, some adapter' },
  inputs: [{ name: 'x', type: 'FP32', shape: ['batch', 2] }],
  outputs: [{ name: 'y', type: 'bool', shape: [] }],
};

let guestScript: URL;

beforeAll(async () => {
  const entry = path.resolve(import.meta.dirname, 'blocking-link.fixture.ts');
  const built = await build({ configFile: false, logLevel: 'error', build: { ssr: entry, write: false } });
  if (!('output' in built)) throw new Error('the guest of this test was not built');
  guestScript = new URL(`data:text/javascript,${encodeURIComponent(built.output[0].code)}`);
});

/** An engine whose outputs are its inputs. */
const echo = { compute: async (_graph: number, inputs: readonly NamedLinkTensor[]) => inputs };

/** Starts a thread that makes calls to an engine of which a test gives the parts that it needs. */
function startGuest(
  connection: Partial<EngineConnection>,
  operations: readonly Operation[],
  mailbox?: SharedArrayBuffer,
): Worker {
  const { port1, port2 } = new MessageChannel();
  serve(port1, { ...unused, ...connection });
  const workerData: GuestOrders = { port: port2, operations, ...(mailbox ? { mailbox } : {}) };
  const worker = new Worker(guestScript, { workerData, transferList: [port2 as never] });
  onTestFinished(async () => {
    port1.close();
    await worker.terminate();
  });
  return worker;
}

async function reportsOf(worker: Worker): Promise<GuestReport[]> {
  const reports: GuestReport[] = [];
  worker.on('message', (report: GuestReport) => reports.push(report));
  await new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve));
  return reports;
}

async function ask(...orders: Parameters<typeof startGuest>): Promise<Outcome[]> {
  return (await reportsOf(startGuest(...orders))).map(({ outcome }) => outcome);
}

function compute(...inputs: NamedTensor[]): Operation {
  return { operation: 'compute', graph: 0, inputs };
}

function tensor(name: string, data: Uint8Array<ArrayBuffer>): NamedTensor {
  return [name, { type: 'U8', dimensions: [data.byteLength], data }];
}

/** Bytes of which no two neighbourhoods are alike. */
function pattern(byteLength: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  for (let index = 0; index < byteLength; index++) bytes[index] = Math.imul(index + seed, 2654435761) >>> 24;
  return bytes;
}

/** The same as `toEqual`, which takes a minute for 16 MiB. */
function expectBytes(actual: Uint8Array | undefined, expected: Uint8Array): void {
  expect(actual?.byteLength).toBe(expected.byteLength);
  expect(Buffer.compare(actual ?? new Uint8Array(), expected)).toBe(0);
}

function tensorsOf(outcome: Outcome | undefined): readonly NamedTensor[] {
  const result: Result = outcome && 'result' in outcome ? outcome.result : undefined;
  if (Array.isArray(result)) return result;
  throw new Error(`tensors were expected, but ${JSON.stringify(outcome)} came`);
}

describe('a blocking link carries', () => {
  it('all operations, one after another', async () => {
    const calls: unknown[][] = [];
    const engine: Partial<EngineConnection> = {
      async load(...values) {
        calls.push(values);
        return info;
      },
      loadByName: async (name) => ({ ...info, backend: name }),
      compute: async (graph, inputs) => [...inputs, tensor(String(graph), new Uint8Array())],
      async unload(graph) {
        calls.push([graph]);
      },
    };
    const parts = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    const input: NamedTensor = ['', { type: 'I64', dimensions: [], data: pattern(8) }];
    const outcomes = await ask(engine, [
      { operation: 'load', parts, encoding: 'openvino', target: 'tpu' },
      { operation: 'loadByName', name: '模型\0"\ud800' },
      { operation: 'compute', graph: 7, inputs: [input] },
      { operation: 'unload', graph: 5 },
    ]);
    expect(outcomes).toEqual([
      { result: info },
      { result: { ...info, backend: '模型\0"\ud800' } },
      { result: [input, tensor('7', new Uint8Array())] },
      { result: undefined },
    ]);
    expect(calls).toEqual([[parts, 'openvino', 'tpu', 0], [5]]);
  });

  it('tensors on devices among others, both ways, what is read of them, and their release', async () => {
    const resident: NamedLinkTensor = ['a', { type: 'FP16', dimensions: [2, 3], resident: 7 }];
    const tensors = (): NamedLinkTensor[] => [tensor('b', pattern(50)), resident, tensor('c', pattern(9))];
    const calls: unknown[][] = [];
    const engine: Partial<EngineConnection> = {
      async compute(graph, inputs) {
        calls.push(['compute', graph, structuredClone(inputs)]);
        return inputs;
      },
      async readTensor(...values) {
        calls.push(['read', ...values]);
        return { type: 'U8', dimensions: [10, 10], data: pattern(100) };
      },
      async releaseTensor(...values) {
        calls.push(['release', ...values]);
      },
    };
    const operations: Operation[] = [
      { operation: 'compute', graph: 3, inputs: tensors() },
      { operation: 'readTensor', resident: 7 },
      { operation: 'releaseTensor', resident: 8 },
    ];
    expect(await ask(engine, operations, new SharedArrayBuffer(16))).toEqual([
      { result: tensors() },
      { result: [['', { type: 'U8', dimensions: [10, 10], data: pattern(100) }]] },
      { result: undefined },
    ]);
    expect(calls).toEqual([
      ['compute', 3, tensors()],
      ['read', 7, 1],
      ['release', 8],
    ]);
  });

  it('answers of any length', async () => {
    const mailboxBytes = createMailbox().byteLength;
    const around = [-300, -1, 0, 1, 300].map((more) => mailboxBytes + more);
    for (const byteLength of [0, 1, ...around, 16 << 20]) {
      const data = pattern(byteLength);
      const [outcome] = await ask({ compute: async () => [tensor('y', data)] }, [compute()]);
      expectBytes(tensorsOf(outcome)[0]?.[1].data, data);
    }
  });

  it('answers through a mailbox of 16 bytes', async () => {
    const lengths = Array.from({ length: 64 }, (_, byteLength) => byteLength);
    const outcomes = await ask(
      { compute: async (graph) => [tensor('y', pattern(graph))] },
      lengths.map((graph) => ({ operation: 'compute', graph, inputs: [] })),
      new SharedArrayBuffer(16),
    );
    expect(outcomes).toEqual(lengths.map((byteLength) => ({ result: [tensor('y', pattern(byteLength))] })));
  });

  it('many outputs', async () => {
    const outputs = Array.from({ length: 3000 }, (_, index) => tensor(`输出 ${index}`, pattern(index, index)));
    const [outcome] = await ask({ compute: async () => outputs }, [compute()]);
    const received = tensorsOf(outcome);
    expect(received).toHaveLength(outputs.length);
    for (const [index, [name, { data }]] of received.entries()) {
      expect(name).toBe(outputs[index]?.[0]);
      expectBytes(data, pattern(index, index));
    }
  });

  it('outputs that are views of a heap, as they were when the computation ended', async () => {
    const heap = pattern(4 << 20);
    const engine: Partial<EngineConnection> = {
      async compute() {
        setImmediate(() => heap.fill(0));
        return [tensor('y', heap.subarray(1))];
      },
    };
    const [outcome] = await ask(engine, [compute()]);
    expectBytes(tensorsOf(outcome)[0]?.[1].data, pattern((4 << 20) - 1, 1));
  });

  it('outputs that share a buffer', async () => {
    const data = pattern(100);
    const [outcome] = await ask({ compute: async () => [tensor('a', data), tensor('b', data)] }, [compute()]);
    expect(tensorsOf(outcome)).toEqual([tensor('a', pattern(100)), tensor('b', pattern(100))]);
  });

  it('inputs by transferring their buffers where they are whole', async () => {
    const view = new Uint8Array(100).subarray(10, 20);
    const reports = await reportsOf(
      startGuest({ ...echo, load: async () => info }, [
        compute(tensor('x', pattern(10_000))),
        { operation: 'load', parts: [pattern(1000), view], encoding: 'onnx', target: 'cpu' },
      ]),
    );
    expect(reports.map(({ bytesKept }) => bytesKept)).toEqual([0, 10]);
    expect(tensorsOf(reports[0]?.outcome)).toEqual([tensor('x', pattern(10_000))]);
  });
});

describe('an error crosses the link', () => {
  it('with each code', async () => {
    const outcomes = await ask(
      {
        async compute(graph) {
          throw new WasiNNError(errorCodes[graph] ?? 'unknown', `compute: ${graph}`);
        },
      },
      errorCodes.map((_, graph) => ({ operation: 'compute', graph, inputs: [] })),
    );
    expect(outcomes).toEqual(errorCodes.map((code, graph) => ({ error: { code, message: `compute: ${graph}` } })));
  });

  it('with a text of megabytes in many scripts, and leaves the link usable', async () => {
    const message = '模型 🦔 \ud800 – ß\0'.repeat(200_000);
    const fail = { ...echo, loadByName: () => Promise.reject(new WasiNNError('not-found', message)) };
    const outcomes = await ask(fail, [
      { operation: 'loadByName', name: 'm' },
      { operation: 'unload', graph: 0 },
      compute(),
    ]);
    expect(outcomes).toEqual([
      { error: { code: 'not-found', message } },
      { error: { code: 'runtime-error', message: expect.stringContaining('does not expect this call') } },
      { result: [] },
    ]);
  });

  it('of a tensor on a device that cannot be read or released', async () => {
    const fail = () => Promise.reject(new WasiNNError('invalid-argument', 'there is no tensor 7 on a device'));
    const outcomes = await ask({ readTensor: fail, releaseTensor: fail }, [
      { operation: 'readTensor', resident: 7 },
      { operation: 'releaseTensor', resident: 7 },
    ]);
    const error = { code: 'invalid-argument', message: 'there is no tensor 7 on a device' };
    expect(outcomes).toEqual([{ error }, { error }]);
  });

  it('where the answer is of the wrong kind', async () => {
    const confused = { loadByName: async () => [] as never };
    const [outcome] = await ask(confused, [{ operation: 'loadByName', name: 'm' }]);
    expect(outcome).toMatchObject({ error: { code: 'runtime-error', message: expect.stringContaining('version') } });
  });

  it('where values cannot be posted', () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const link = createBlockingLink(port2);
    vi.spyOn(port2, 'postMessage').mockImplementationOnce(() => {
      throw new DOMException('an ArrayBuffer is detached', 'DataCloneError');
    });
    expect(() => link.compute(0, [])).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('detached') }),
    );
  });
});

describe('guests that block', () => {
  it('do not keep one another from being served', async () => {
    const finished: number[] = [];
    const guests = [0, 1, 2].map((seed) => {
      const engine: Partial<EngineConnection> = {
        async compute(_graph, inputs) {
          await new Promise((resolve) => setImmediate(resolve));
          finished.push(seed);
          return inputs;
        },
      };
      const inputs = Array.from({ length: 50 }, (_, round) => tensor('x', pattern(round * 20, seed)));
      return {
        inputs,
        outcomes: ask(
          engine,
          inputs.map((input) => compute(input)),
          new SharedArrayBuffer(256),
        ),
      };
    });
    for (const { inputs, outcomes } of guests)
      expect(await outcomes).toEqual(inputs.map((input) => ({ result: [input] })));
    expect(finished).toHaveLength(150);
  });

  it('can be ended while they wait', async () => {
    await new Promise<void>((resolve, reject) => {
      const engine: Partial<EngineConnection> = {
        compute() {
          guest.terminate().then(() => resolve(), reject);
          return new Promise(() => {});
        },
      };
      const guest = startGuest(engine, [compute()]);
    });
    expect(await ask(echo, [compute()])).toEqual([{ result: [] }]);
  });

  it('can be ended in the middle of an answer, which holds up nobody', async () => {
    const answerBytes = 16 << 20;
    const mailbox = new SharedArrayBuffer(16);
    const passOn = Atomics.notify;
    const notify = vi.spyOn(Atomics, 'notify');
    onTestFinished(() => notify.mockRestore());
    await new Promise<void>((resolve, reject) => {
      notify.mockImplementation((...values) => {
        if (notify.mock.calls.length === 100) guest.terminate().then(() => resolve(), reject);
        return passOn(...values);
      });
      const guest = startGuest({ compute: async () => [tensor('y', pattern(answerBytes))] }, [compute()], mailbox);
    });
    const pieces = notify.mock.calls.length;
    expect(pieces).toBeLessThan(answerBytes / mailbox.byteLength);
    notify.mockRestore();
    expect(await ask(echo, [compute()])).toEqual([{ result: [] }]);
  });
});
