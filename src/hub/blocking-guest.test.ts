import path from 'node:path';
import { type TransferListItem, Worker } from 'node:worker_threads';
import { build } from 'vite';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { NamedClientTensor } from '../rpc/inference-client.js';
import { createMailbox, pieceBytes } from '../rpc/mailbox.js';
import { errorCodes, WasiNNError } from '../standard/error.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { GuestCall, GuestOrders, GuestOutcome } from './blocking-guest.fixture.js';
import { clientWith, echo, info } from './client.fixture.js';
import type { Client } from './client.js';
import { serveClient } from './serve-client.js';

/** A thread that really blocks, and a hub in this thread that serves it. */

let guestScript: URL;

beforeAll(async () => {
  const entry = path.resolve(import.meta.dirname, 'blocking-guest.fixture.ts');
  const built = await build({ configFile: false, logLevel: 'error', build: { ssr: entry, write: false } });
  if (!('output' in built)) throw new Error('the guest of this test was not built');
  guestScript = new URL(`data:text/javascript,${encodeURIComponent(built.output[0].code)}`);
});

function startGuest(methods: Partial<Client>, calls: readonly GuestCall[], maximumBytes = 2 ** 30): Worker {
  const { port1, port2 } = new MessageChannel();
  const mailbox = createMailbox();
  const end = serveClient(port1, clientWith(methods), maximumBytes, mailbox);
  const workerData: GuestOrders = { port: port2, mailbox, calls };
  const transferList: unknown[] = [port2];
  const worker = new Worker(guestScript, { workerData, transferList: transferList as TransferListItem[] });
  onTestFinished(async () => {
    end();
    await worker.terminate();
  });
  return worker;
}

async function call(...orders: Parameters<typeof startGuest>): Promise<GuestOutcome[]> {
  const outcomes: GuestOutcome[] = [];
  const worker = startGuest(...orders);
  worker.on('message', (outcome: GuestOutcome) => outcomes.push(outcome));
  await new Promise((resolve, reject) => worker.once('error', reject).once('exit', resolve));
  return outcomes;
}

const compute = (...inputs: NamedClientTensor[]): GuestCall => ['compute', 0, inputs];

function tensor(name: string, data: Uint8Array<ArrayBuffer>): NamedTensor {
  return [name, { type: 'U8', dimensions: [data.byteLength], data }];
}

/** Bytes of which no two neighbourhoods are alike. */
function pattern(byteLength: number, seed = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  for (let index = 0; index < byteLength; index++) bytes[index] = Math.imul(index + seed, 2654435761) >>> 24;
  return bytes;
}

/** The same as `toEqual`, which takes long for megabytes. */
function expectTensors(outcome: GuestOutcome | undefined, expected: readonly NamedTensor[]): void {
  const tensors = outcome && 'result' in outcome ? outcome.result : undefined;
  if (!Array.isArray(tensors)) throw new Error(`tensors were expected, but ${JSON.stringify(outcome)} came`);
  expect(tensors).toHaveLength(expected.length);
  for (const [index, [name, { data }]] of expected.entries()) {
    const [cameName, came] = tensors[index];
    expect([cameName, came.dimensions, Buffer.compare(came.data, data)]).toEqual([name, [data.byteLength], 0]);
  }
}

describe('a guest that blocks', () => {
  it('makes all calls, one after another', async () => {
    const calls: unknown[][] = [];
    const note = (...values: unknown[]) => void calls.push(values);
    const client: Partial<Client> = {
      async load(parts, ...values) {
        note(...(await Promise.all(parts.map((part) => part.text()))), ...values);
        return info;
      },
      loadByName: async (name) => ({ ...info, backend: name }),
      compute: async (graph, inputs) => ({ outputs: [...inputs, tensor(String(graph), new Uint8Array())] }),
      unload: async (graph) => note('unload', graph),
      readTensor: async () => tensor('', pattern(8))[1],
      releaseTensor: (deviceTensor) => note('release', deviceTensor),
    };
    const input: NamedTensor = ['', { type: 'I64', dimensions: [], data: pattern(8) }];
    const onDevice: NamedClientTensor = ['a', { type: 'FP16', dimensions: [2, 3], deviceTensor: 7 }];
    const outcomes = await call(client, [
      ['load', [new TextEncoder().encode('one'), new TextEncoder().encode('two')], 'openvino', 'tpu'],
      ['loadByName', '模型\0"\ud800'],
      ['compute', 7, [input, onDevice]],
      ['unload', 5],
      ['readTensor', 7],
      ['releaseTensor', 8],
    ]);
    expect(outcomes).toEqual([
      { result: info },
      { result: { ...info, backend: '模型\0"\ud800' } },
      { result: [input, onDevice, tensor('7', new Uint8Array())] },
      { result: undefined },
      { result: tensor('', pattern(8))[1] },
      { result: undefined },
    ]);
    expect(calls).toEqual([
      ['one', 'two', 'openvino', 'tpu', expect.any(AbortSignal)],
      ['unload', 5],
      ['release', 8],
    ]);
  });

  it('gets and sends tensors of any length, in pieces', async () => {
    const around = [-300, -1, 0, 1, 300].map((more) => pieceBytes + more);
    const inputs = [0, 1, ...around, 5 * pieceBytes].map((length, seed) => tensor('x', pattern(length, seed)));
    const outcomes = await call(
      echo,
      inputs.map((input) => compute(input)),
    );
    for (const [index, outcome] of outcomes.entries()) expectTensors(outcome, inputs.slice(index, index + 1));
    expect(outcomes).toHaveLength(inputs.length);
  });

  it('gets many outputs, those that share a buffer, and those that are views of a heap', async () => {
    const heap = pattern(3000);
    const outputs = Array.from({ length: 1000 }, (_, index) => tensor(`输出 ${index}`, heap.subarray(index)));
    expectTensors((await call({ compute: async () => ({ outputs }) }, [compute()]))[0], outputs);
  });

  it('gets errors with their codes, with texts of megabytes, and goes on', async () => {
    const message = '模型 🦔 \ud800 – ß\0'.repeat(200_000);
    const client: Partial<Client> = {
      async compute(graph) {
        throw new WasiNNError(errorCodes[graph] ?? 'unknown', `compute: ${graph}`);
      },
      loadByName: () => Promise.reject(new WasiNNError('not-found', message)),
    };
    const calls = errorCodes.map((_, graph): GuestCall => ['compute', graph, []]);
    expect(await call(client, [...calls, ['loadByName', 'm'], ['unload', 0], ['load', [], 'onnx', 'cpu']])).toEqual([
      ...errorCodes.map((code, graph) => ({ error: { code, message: `compute: ${graph}` } })),
      { error: { code: 'not-found', message } },
      ...Array(2).fill({
        error: { code: 'runtime-error', message: expect.stringContaining('does not expect this call') },
      }),
    ]);
  });

  it('is refused more bytes of inputs than the page allows, and goes on', async () => {
    const computed = vi.fn(echo.compute);
    const [large, fitting] = [tensor('x', pattern(2 << 20)), tensor('x', pattern(1 << 20))];
    const outcomes = await call({ compute: computed }, [compute(large), compute(fitting)], 1 << 20);
    expect(outcomes[0]).toEqual({
      error: {
        code: 'too-large',
        message: 'compute: 2097152 bytes of inputs are more than the 1048576 that the page allows',
      },
    });
    expectTensors(outcomes[1], [fitting]);
    expect(computed).toHaveBeenCalledTimes(1);
  });

  it('gets an error for an answer of the wrong kind', async () => {
    const confused = { loadByName: async () => [] as never };
    const version = { code: 'runtime-error', message: expect.stringContaining('version') };
    expect(await call(confused, [['loadByName', 'm']])).toEqual([{ error: version }]);
  });

  it('is served by a hub without Atomics.waitAsync, which it rings', async () => {
    const names = Object.getOwnPropertyNames(Atomics).filter((name) => name !== 'waitAsync');
    vi.stubGlobal('Atomics', Object.fromEntries(names.map((name) => [name, Reflect.get(Atomics, name)])));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const inputs = [tensor('x', pattern(3 * pieceBytes)), tensor('y', pattern(5))];
    const outcomes = await call(
      echo,
      inputs.map((input) => compute(input)),
    );
    for (const [index, outcome] of outcomes.entries()) expectTensors(outcome, inputs.slice(index, index + 1));
    expect(outcomes).toHaveLength(2);
  });
});

describe('guests that block', () => {
  it('do not keep one another from being served', async () => {
    const inputs = Array.from({ length: 30 }, (_, round) => tensor('x', pattern(round * 20)));
    const guests = [0, 1, 2].map(() =>
      call(
        echo,
        inputs.map((input) => compute(input)),
      ),
    );
    for (const guest of guests) expect(await guest).toEqual(inputs.map((input) => ({ result: [input] })));
  });

  it('can be ended while they wait', async () => {
    await new Promise<void>((resolve, reject) => {
      const client: Partial<Client> = {
        compute() {
          guest.terminate().then(() => resolve(), reject);
          return new Promise(() => undefined);
        },
      };
      const guest = startGuest(client, [compute()]);
    });
    expect(await call(echo, [compute()])).toEqual([{ result: [] }]);
  });

  it('can be ended in the middle of a response, which holds up nobody', async () => {
    await new Promise<void>((resolve, reject) => {
      const outputs = [tensor('y', pattern(16 << 20))];
      const client: Partial<Client> = {
        async compute() {
          setImmediate(() => guest.terminate().then(() => resolve(), reject));
          return { outputs };
        },
      };
      const guest = startGuest(client, [compute()]);
    });
    expect(await call(echo, [compute()])).toEqual([{ result: [] }]);
  });
});
