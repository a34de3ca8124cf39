import { describe, expect, it } from 'vitest';
import type { Backend, TextGraph } from '../backends/backend.js';
import { createTextStream, type TextStream } from '../backends/text/text-stream.js';
import type { NamedTensor } from '../standard/tensor.js';
import type { TextEnd, TextRequest } from '../standard/text.js';
import type { Client } from './client.js';
import { connectTestClient, input, openModel, openTestHub, type TestHubOptions, until } from './hub.fixture.js';

const encoder = new TextEncoder();
const decode = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const gguf = () => encoder.encode('GGUF\u0003\0\0\0');
const end: TextEnd = { reason: 'length', endToken: '', inputTokens: 2, outputTokens: 3 };
const request: TextRequest = { prompt: encoder.encode('prompt'), configuration: encoder.encode('{}') };

/** A hub with a backend whose texts the test writes. */
function open(options: TestHubOptions = {}) {
  const streams: TextStream[] = [];
  const requests: string[] = [];
  /** The memory of each request. */
  const memory: number[] = [];
  const loads: string[][] = [];
  const disposals: string[] = [];
  const backend: Backend<TextGraph> = {
    name: 'llama.cpp',
    encodings: ['ggml'],
    async load(parts) {
      loads.push(parts.map(decode));
      return {
        inputs: 'any',
        outputs: 'any',
        device: { target: 'cpu', provider: 'wasm', description: 'fake' },
        fallback: [],
        text: { buildNumber: 1, commit: 'abc', contextTokens: 64, takesImages: false },
        generate({ prompt, configuration, images = [] }) {
          const stream = createTextStream();
          const bytes = [prompt, configuration, ...images];
          memory.push(bytes.reduce((total, { buffer }) => total + buffer.byteLength, 0));
          requests.push(bytes.map(decode).join(' '));
          streams.push(stream);
          return stream;
        },
        dispose: async () => {
          disposals.push('disposed');
        },
      };
    },
  };
  const opened = openTestHub({ hasTextEngine: true, backends: [backend], ...options });
  return { ...opened, streams, requests, memory, loads, disposals };
}

const load = (client: Client) => client.load([new Blob([gguf()])], 'autodetect', 'cpu');

function finish(stream: TextStream | undefined, ...pieces: readonly string[]): void {
  stream?.begin();
  for (const piece of pieces) stream?.push(piece);
  stream?.end(end);
}

describe('a language model', () => {
  it.each([
    ['by its first bytes', 'autodetect', true, 'text'],
    ['by its encoding', 'ggml', true, 'text'],
    ['where the page brings a backend for it', 'ggml', false, 'cpu'],
  ] as const)('has an engine: %s', async (_, encoding, hasTextEngine, kind) => {
    const { hub, engines } = open({ hasTextEngine });
    const { text } = await hub.connect().load([new Blob([gguf()])], encoding, 'cpu');
    expect(text).toEqual({ buildNumber: 1, commit: 'abc', contextTokens: 64, takesImages: false });
    expect(engines.map((engine) => engine.kind)).toEqual([kind]);
  });

  it('is loaded with its settings, and shared with those who have the same', async () => {
    const models = {
      open: async () => openModel({ parts: [gguf()], encoding: 'autodetect' }),
      forget: async () => undefined,
    };
    const { hub, loads } = open({ models });
    const [one, other] = [hub.connect(), hub.connect()];
    await one.loadByName('tiny', undefined, '{"ctx-size":64}');
    await other.loadByName('tiny', undefined, '{"ctx-size":64}');
    await other.loadByName('tiny');
    expect(loads).toEqual([[decode(gguf()), '{"ctx-size":64}'], [decode(gguf())]]);
  });
});

describe('a text', () => {
  it('comes in pieces', async () => {
    const { hub, streams } = open();
    const client = connectTestClient(hub);
    const { id } = await client.load([new Blob([gguf()])], 'ggml', 'cpu');
    const text = await client.startText(id, request);
    const first = client.readText(text);
    await until(() => streams.length === 1);
    streams[0]?.begin();
    streams[0]?.push('a');
    expect(await first).toEqual({ pieces: ['a'], hasBegun: true });
    finish(streams[0], 'b', 'c');
    expect(await client.readText(text)).toEqual({ pieces: ['b', 'c'], hasBegun: true, end });
    await expect(client.readText(text)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('comes whole, from tensors', async () => {
    const { hub, streams, requests } = open();
    const client = hub.connect();
    const { id } = await load(client);
    const named = (name: string, text: string): NamedTensor => {
      const data = encoder.encode(text);
      return [name, { type: 'U8', dimensions: [data.byteLength], data }];
    };
    const computing = client.compute(id, [named('0', 'prompt'), named('1', '{"temp":0}')]);
    await until(() => streams.length === 1);
    finish(streams[0], 'a', 'é', 'c');
    const { outputs } = await computing;
    expect(outputs.map(([name, tensor]) => [name, 'data' in tensor && decode(tensor.data)])).toEqual([
      ['0', 'aéc'],
      ['1', '{"input_tokens": 2, "output_tokens": 3, "llama_build_number": 1, "llama_commit": "abc"}'],
    ]);
    expect(requests).toEqual(['prompt {"temp":0}']);
    const seeing = client.compute(id, [named('0', 'prompt'), named('2', 'image')]);
    await until(() => streams.length === 2);
    finish(streams[1], 'a');
    await seeing;
    expect(requests[1]).toBe('prompt  image');
    await expect(client.compute(id, [named('1', '{}')])).rejects.toMatchObject({ message: /input "0" is missing/ });
    await expect(client.compute(id, [input(1)])).rejects.toMatchObject({ message: /but input "x" U8 came/ });
  });

  it('has no more bytes of images than the page allows', async () => {
    const { hub, streams } = open({ limits: { tensorBytes: 8 } });
    const client = hub.connect();
    const { id } = await load(client);
    const images = [new Uint8Array(4), new Uint8Array(4)];
    await client.startText(id, { ...request, images });
    await until(() => streams.length === 1);
    await expect(client.startText(id, { ...request, images: [...images, new Uint8Array(1)] })).rejects.toMatchObject({
      code: 'too-large',
      message: 'compute: 9 bytes of images are more than the 8 that the page allows',
    });
  });

  it('has room again when others of its client have ended, failed or been stopped', async () => {
    const { hub, streams } = open({ limits: { tensorBytes: 6 } });
    const client = hub.connect();
    const { id } = await load(client);
    const start = (bytes: number) => client.startText(id, { ...request, prompt: new Uint8Array(bytes) });
    const refused = (bytes: number, what: string) => ({
      code: 'too-large',
      message: `compute: ${bytes} bytes of ${what} at a time are more than the 6 that the page allows`,
    });
    const first = await start(4);
    await expect(start(3)).rejects.toMatchObject(refused(7, 'prompts'));
    const second = await start(2);
    client.stopText(first);
    const third = await start(4);
    finish(streams[1]);
    await client.readText(second);
    streams[2]?.fail(new Error('why'));
    await expect(client.readText(third)).rejects.toThrow('why');
    const seeing = { ...request, prompt: new Uint8Array(), images: [new Uint8Array(4)] };
    client.stopText(await client.startText(id, seeing));
    const both = [client.startText(id, seeing), client.startText(id, seeing)];
    await expect(Promise.all(both)).rejects.toMatchObject(refused(8, 'images'));
    await both[0];
  });

  it('brings the engine no memory but the bytes that the limits count', async () => {
    const { hub, memory } = open();
    const client = hub.connect();
    const { id } = await load(client);
    const bytes = new Uint8Array(1 << 20).subarray(1, 3);
    await client.startText(id, { prompt: bytes, configuration: new Uint8Array(), images: [bytes, bytes] });
    expect(memory).toEqual([6]);
  });

  it('does not keep another from coming', async () => {
    const { hub, streams } = open();
    const [slow, quick] = [hub.connect(), hub.connect()];
    const slowText = await slow.startText((await load(slow)).id, request);
    const quickText = await quick.startText((await load(quick)).id, request);
    const slowly = slow.readText(slowText);
    streams[1]?.begin();
    for (const piece of ['a', 'b', 'c']) {
      const reading = quick.readText(quickText);
      streams[1]?.push(piece);
      expect(await reading).toMatchObject({ pieces: [piece] });
    }
    finish(streams[0], 'd');
    expect(await slowly).toMatchObject({ pieces: ['d'] });
  });

  it('ends with its engine where a token takes too long, but may wait for another text', async () => {
    const { hub, streams, engines } = open({ limits: { computeMilliseconds: 200 } });
    const client = hub.connect();
    const { id } = await load(client);
    const [first, second] = [await client.startText(id, request), await client.startText(id, request)];
    const waiting = client.readText(second);
    streams[0]?.begin();
    for (const start = performance.now(); performance.now() - start < 300; ) {
      streams[0]?.push('a');
      await client.readText(first);
    }
    finish(streams[1], 'later');
    expect(await waiting).toMatchObject({ pieces: ['later'] });
    await expect(client.readText(first)).rejects.toMatchObject({ code: 'timeout', message: /a token took more/ });
    expect(engines.map((engine) => engine.hasEnded())).toEqual([true]);
  });

  it('is lost with its engine, and its graph is loaded again for the next', async () => {
    const { hub, engines, loads, streams } = open();
    const client = hub.connect();
    const { id } = await load(client);
    const text = await client.startText(id, request);
    engines[0]?.crash('gone');
    await expect(client.readText(text)).rejects.toMatchObject({ message: /the text is lost/ });
    const next = await client.startText(id, request);
    finish(streams[1], 'again');
    expect(await client.readText(next)).toMatchObject({ pieces: ['again'] });
    expect(loads).toHaveLength(2);
  });

  it('ends where its client stops it or goes', async () => {
    const { hub, streams, disposals } = open();
    const client = hub.connect();
    const { id } = await load(client);
    const text = await client.startText(id, request);
    await client.startText(id, request);
    client.stopText(text);
    await until(() => streams[0]?.signal.aborted === true);
    expect([streams[1]?.signal.aborted, disposals]).toEqual([false, []]);
    client.close();
    await until(() => streams[1]?.signal.aborted === true && disposals.length === 1);
  });

  it('fails with what the backend throws', async () => {
    const { hub, streams } = open();
    const client = hub.connect();
    const text = await client.startText((await load(client)).id, request);
    streams[0]?.fail(new Error('broken'));
    await expect(client.readText(text)).rejects.toMatchObject({ message: /broken/ });
  });

  it('is measured', async () => {
    const { hub, streams, events } = open({ measure: true });
    const client = hub.connect();
    const text = await client.startText((await load(client)).id, request);
    finish(streams[0], 'a');
    await client.readText(text);
    expect(events.at(-1)).toMatchObject({ type: 'measure', operation: 'generate', inputTokens: 2, outputTokens: 3 });
  });

  it('comes from a language model alone', async () => {
    const { hub } = openTestHub();
    const client = hub.connect();
    const { id } = await client.loadByName('any');
    await expect(client.startText(id, request)).rejects.toMatchObject({ message: /no language model/ });
  });
});
