import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type EngineLink, isResident, type NamedLinkTensor } from './link.js';
import { closeMailbox, MailboxWriter } from './mailbox.js';
import { toStream } from './outcome-stream.js';
import { isMailboxMessage, isRequest, isSpareMessage, type Request, type Result } from './protocol.js';
import { closePorts, createFakeEngine, info, openLine, openLines, tensor, until } from './steady-link.fixture.js';
import { createSteadyBlockingLink } from './steady-link.js';

/** Tensors that stay on the device of an engine, and what becomes of them when it is lost. */

beforeEach(() => {
  vi.stubGlobal('navigator', {});
});

afterEach(() => {
  vi.unstubAllGlobals();
  closePorts();
});

const keeps = true;

const lost = {
  name: 'WasiNNError',
  code: 'runtime-error',
  message: 'a tensor that had stayed on a device is lost, since its engine was replaced: compute it again',
};

const unknown = (resident: number) => ({
  code: 'invalid-argument',
  message: `there is no tensor ${resident} on a device: it never was there, or is released`,
});

async function computeOne(link: EngineLink, graph: number, input: NamedLinkTensor = tensor(1)) {
  const [output] = await link.compute(graph, [input]);
  if (!output || !isResident(output[1])) throw new Error('the output has not stayed');
  return { again: output, own: output[1].resident };
}

describe('a tensor on a device', () => {
  it('has a number of its own, by which it is computed on, read and released', async () => {
    const engine = createFakeEngine(40, { keeps });
    const { link } = openLine(engine);
    await link.loadByName('m');
    const { id } = await link.loadByName('n');
    const first = await computeOne(link, id);
    const second = await computeOne(link, id, first.again);
    expect(second.again[1]).toEqual({ type: 'U8', dimensions: [1], resident: second.own });
    expect(new Set([id, first.own, second.own, 42, 43]).size).toBe(5);
    expect(await link.readTensor(second.own)).toMatchObject({ data: Uint8Array.of(43) });
    await link.releaseTensor(first.own);
    await link.releaseTensor(first.own);
    expect(engine.calls.slice(2)).toEqual(['compute 41', 'compute 41 #42', 'read 43', 'release 42']);
    await expect(link.readTensor(first.own)).rejects.toMatchObject(unknown(first.own));
    await expect(link.compute(id, [first.again])).rejects.toMatchObject(unknown(first.own));
    expect(engine.calls).toHaveLength(6);
  });

  it.each([-1, 0.5, 40, 42, Number.NaN])(
    'is not there under a number that was never given out: %d',
    async (resident) => {
      const engine = createFakeEngine(40, { keeps });
      const { link } = openLine(engine);
      const { id } = await link.loadByName('m');
      await computeOne(link, id);
      const stray: NamedLinkTensor = ['x', { type: 'U8', dimensions: [1], resident }];
      await expect(link.readTensor(resident)).rejects.toMatchObject(unknown(resident));
      await expect(link.compute(id, [tensor(1), stray])).rejects.toMatchObject(unknown(resident));
      await link.releaseTensor(resident);
      expect(engine.calls).toEqual(['loadByName m', 'compute 40']);
    },
  );
});

describe('when its engine is lost, a tensor', () => {
  it('is lost, and told so to who reads it or computes with it, which is not tried again', async () => {
    const [first, second] = [createFakeEngine(0, { keeps }), createFakeEngine(50, { keeps })];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    const { again, own } = await computeOne(link, id);
    lose();
    await expect(link.compute(id, [again])).rejects.toMatchObject(lost);
    await expect(link.readTensor(own)).rejects.toMatchObject(lost);
    expect(second.calls).toEqual(['loadByName m']);
    // The graph is there again, and what it computes now.
    const next = await computeOne(link, id);
    expect(await link.readTensor(next.own)).toMatchObject({ data: Uint8Array.of(51) });
    expect(next.own).not.toBe(own);
    await expect(link.readTensor(own)).rejects.toMatchObject(lost);
  });

  it('is lost where it was being read or computed on', async () => {
    const [first, second] = [createFakeEngine(0, { keeps }), createFakeEngine(0, { keeps })];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    const { again, own } = await computeOne(link, id);
    first.stall();
    const failing = [
      expect(link.readTensor(own)).rejects.toMatchObject(lost),
      expect(link.compute(id, [again])).rejects.toMatchObject(lost),
    ];
    await until(() => first.calls.length === 4);
    lose();
    await Promise.all(failing);
    expect(second.calls).toEqual(['loadByName m']);
  });

  it('fails with the reason where reading it was what the engine broke on', async () => {
    const first = createFakeEngine(0, { keeps });
    const { link, lose } = openLine(first, createFakeEngine(0));
    const { id } = await link.loadByName('m');
    const { own } = await computeOne(link, id);
    first.stall();
    const error = { code: 'timeout', message: 'read: it took more than the 5 ms that the page allows' } as const;
    const failing = expect(link.readTensor(own)).rejects.toMatchObject(error);
    await until(() => first.calls.length === 3);
    lose([{ call: 2, error }]);
    await failing;
    await expect(link.readTensor(own)).rejects.toMatchObject(lost);
  });

  it('can be released without a sound, also while that is on its way', async () => {
    const [first, second] = [createFakeEngine(0, { keeps }), createFakeEngine(0, { keeps })];
    const { link, lose } = openLine(first, second);
    const { id } = await link.loadByName('m');
    const [one, two] = [await computeOne(link, id), await computeOne(link, id)];
    first.connection.releaseTensor = () => new Promise(() => undefined);
    const releasing = link.releaseTensor(one.own);
    lose();
    await releasing;
    await link.loadByName('n');
    expect(await link.releaseTensor(two.own)).toBeUndefined();
    await expect(link.readTensor(two.own)).rejects.toMatchObject(unknown(two.own));
    expect(second.calls).toEqual(['loadByName n']);
  });
});

describe('where there are two lanes, a tensor', () => {
  it('comes by its value for a graph in the other, and stays', async () => {
    vi.stubGlobal('navigator', { gpu: {} });
    const [cpu, accelerated] = [createFakeEngine(0), createFakeEngine(40, { keeps })];
    const { link } = openLines({ cpu: [cpu], accelerated: [accelerated] }, { c: 'cpu', g: 'gpu' });
    const [onCpu, onGpu] = [await link.loadByName('c'), await link.loadByName('g')];
    const { again } = await computeOne(link, onGpu.id);
    const value = { type: 'U8', dimensions: [1], data: Uint8Array.of(41) };
    expect(await link.compute(onCpu.id, [again])).toEqual([['x', value]]);
    await computeOne(link, onGpu.id, again);
    expect(cpu.calls).toEqual(['loadByName c', 'compute 0']);
    expect(accelerated.calls).toEqual(['loadByName g', 'compute 40', 'read 41', 'compute 40 #41']);
  });

  it('is lost with its own engine alone', async () => {
    vi.stubGlobal('navigator', { gpu: {} });
    const engines = { cpu: [createFakeEngine(0), createFakeEngine(0)], accelerated: [createFakeEngine(40, { keeps })] };
    const { link, lose } = openLines(engines, { g: 'gpu' });
    const { id } = await link.loadByName('g');
    const { own } = await computeOne(link, id);
    lose('cpu');
    expect(await link.readTensor(own)).toMatchObject({ data: Uint8Array.of(41) });
    lose('accelerated');
    await expect(link.readTensor(own)).rejects.toMatchObject(lost);
  });
});

/** A page that answers a guest whose thread blocks: at once, when it posts what it asks. */
async function openBlocking(answer: (request: Request, engine: number) => Result) {
  const mailboxes: SharedArrayBuffer[] = [];
  const engines = new Map<MessagePort, number>();
  const post = MessagePort.prototype.postMessage;
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function (
    this: MessagePort,
    message: unknown,
    options?: StructuredSerializeOptions,
  ) {
    const engine = engines.get(this);
    if (isMailboxMessage(message) && message.mailbox !== 'next') engines.set(this, mailboxes.push(message.mailbox) - 1);
    const mailbox = engine === undefined ? undefined : mailboxes[engine];
    if (!mailbox || engine === undefined || !isRequest(message)) return post.call(this, message, options);
    new MailboxWriter(mailbox).write(toStream({ result: answer(message, engine) }));
  });
  const { port1: line, port2 } = new MessageChannel();
  line.onmessage = ({ data }) => {
    if (isSpareMessage(data)) data.spare.postMessage('connected');
  };
  onTestFinished(() => {
    spy.mockRestore();
    for (const port of [line, ...engines.keys()]) port.close();
  });
  const link = await createSteadyBlockingLink(port2);
  return {
    link,
    lose: () => {
      const mailbox = mailboxes.at(-1);
      if (mailbox) closeMailbox(mailbox);
    },
    engines: () => mailboxes.length,
  };
}

it('a thread that blocks and asks for what a lost engine had keeps the engine that there is now', async () => {
  const calls: string[] = [];
  const { link, lose, engines } = await openBlocking((request, engine) => {
    calls.push(`${engine}: ${request.operation}`);
    if (request.operation === 'loadByName') return info(0);
    return [['y', { type: 'U8', dimensions: [1], resident: 7 }]];
  });
  const { id } = await link.loadByName('m');
  const { own } = await computeOne(link, id);
  lose();
  const { again } = await computeOne(link, id);
  expect(() => link.readTensor(own)).toThrow(expect.objectContaining(lost));
  link.releaseTensor(own);
  await computeOne(link, id, again);
  expect(calls).toEqual(['0: loadByName', '0: compute', '1: loadByName', '1: compute', '1: compute']);
  expect(engines()).toBe(2);
});
