import 'fake-indexeddb/auto';
import { createServer as createTcpServer, type Server } from 'node:net';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ErrorCode } from '../standard/error.js';
import { chunkBytes } from './cache.js';
import { type Fault, patternBytes, type ServedFile } from './file-server.fixture.js';
import type { ModelFetchOptions, ModelOptions } from './model-options.js';
import {
  digestOf,
  expectKept,
  expectSame,
  type FileSite,
  openTestModels,
  readStored,
  startFileSite,
  startTestServer,
} from './models.fixture.js';

const stops: (() => void)[] = [];

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const stop of stops.splice(0)) stop();
});

async function serve(file: ServedFile): Promise<FileSite> {
  const site = await startFileSite(file);
  stops.push(site.stop);
  return site;
}

/** A server that answers each connection with exactly this and closes it, in order or not. */
async function serveRaw(...lines: string[]): Promise<string> {
  const server = createTcpServer((socket) => socket.once('data', () => socket.end(lines.join('\r\n'))));
  return listen(server);
}

async function listen(server: Server): Promise<string> {
  stops.push(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/model.bin`;
}

const base = 'https://page.example/';
const small = patternBytes(5000);
/** Two whole chunks and some more. */
const large = patternBytes(2 * chunkBytes + 1000);
const total = large.byteLength;

function open(options: ModelOptions | string) {
  const { models, ...rest } = openTestModels({ m: options }, base);
  return {
    ...rest,
    models,
    load: async (signal?: AbortSignal) => (await models.open('m', signal)).parts[0] ?? new Uint8Array(),
  };
}

const expectNothingKept = async () => expect(await readStored()).toEqual([]);

const ranges = ({ requests }: FileSite) => requests.map(({ range }) => range);
const sent = ({ requests }: FileSite) => requests.reduce((sum, request) => sum + request.sent, 0);

describe('a download', () => {
  it.each([1, 1000, chunkBytes - 1, chunkBytes, chunkBytes + 1, 9 << 20])(
    'brings %d bytes in one request, and keeps them',
    async (length) => {
      const bytes = patternBytes(length);
      const site = await serve({ bytes });
      const { load, progress } = open(site.url);
      const loaded = await load();
      expectSame(loaded, bytes);
      expect(loaded.buffer.byteLength).toBe(length);
      await expectKept(bytes);
      expect(site.requests).toMatchObject([{ range: undefined, sent: length }]);
      expect(progress.at(-1)).toMatchObject({ phase: 'download', loaded: length, total: length });
      const amounts = progress.map(({ loaded }) => loaded);
      expect(amounts).toEqual([...amounts].sort((one, other) => one - other));
    },
  );

  it('may be of no bytes at all', async () => {
    const site = await serve({ bytes: new Uint8Array() });
    expect(await open(site.url).load()).toHaveLength(0);
    await expectKept(new Uint8Array());
  });

  it('tells only how much came where no length is told', async () => {
    const site = await serve({ bytes: large, tellsLength: false });
    const { load, progress } = open(site.url);
    expectSame(await load(), large);
    await expectKept(large);
    expect(progress.at(-1)).toMatchObject({ loaded: total });
    expect(progress.at(-1)).not.toHaveProperty('total');
  });

  it('tells the size in the registry where the server tells no length', async () => {
    const site = await serve({ bytes: small, tellsLength: false });
    const { load, progress } = open({ url: site.url, size: small.byteLength });
    await load();
    expect(progress.at(-1)).toMatchObject({ loaded: 5000, total: 5000 });
  });

  it.each([
    ['that has parts', true],
    ['that has no parts, but sends it uncompressed if asked to', false],
  ])('has the right total of a file that comes compressed, from a server %s', async (_what, ranges) => {
    const bytes = new Uint8Array(200_000).fill(7);
    const site = await serve({ bytes, gzip: true, ranges });
    const { load, progress } = open(site.url);
    expectSame(await load(), bytes);
    await expectKept(bytes);
    expect(site.requests).toMatchObject([{ range: undefined }, { range: 'bytes=0-0' }]);
    expect(new Set(progress.map((step) => step.total))).toEqual(new Set([200_000]));
  });

  it('follows redirects', async () => {
    const site = await serve({ bytes: small });
    const { url, stop } = await startTestServer((_request, response) =>
      response.writeHead(302, { location: site.url }).end(),
    );
    stops.push(stop);
    expectSame(await open(url).load(), small);
    await expectKept(small);
  });

  it('sends the headers of the registry, also with parts', async () => {
    const site = await serve({ bytes: large, etag: '"1"', faults: [{ kind: 'cut', after: chunkBytes + 5 }] });
    await open({ url: site.url, fetch: { headers: { Authorization: 'Bearer token' } } }).load();
    expect(site.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token', 'Bearer token']);
  });

  it('is one of text/plain too: only HTML is surely none', async () => {
    const { url, stop } = await startTestServer((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end('x'),
    );
    stops.push(stop);
    expect(await open(url).load()).toHaveLength(1);
  });

  it('ends where its told length does, as HTTP has it', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK', 'content-length: 4', 'connection: close', '', 'modelAndMore');
    expect(new TextDecoder().decode(await open(url).load())).toBe('mode');
  });
});

describe('a download that is cut', () => {
  const versions = [
    ['an ETag', { etag: '"1"' }],
    ['a date', { lastModified: 'Sat, 01 Jan 2022 00:00:00 GMT' }],
  ] as const;

  it.each([1, chunkBytes - 1, chunkBytes, chunkBytes + 1, 6 << 20, 2 * chunkBytes, total - 1])(
    'after %d bytes goes on from there',
    async (after) => {
      for (const [, version] of versions) {
        globalThis.indexedDB = new IDBFactory();
        const site = await serve({ bytes: large, ...version, faults: [{ kind: 'cut', after }] });
        const { load, waits } = open(site.url);
        expectSame(await load(), large);
        await expectKept(large);
        const [first, second] = site.requests;
        const offset = Number(/^bytes=(\d+)-$/.exec(second?.range ?? 'bytes=0-')?.[1]);
        // What was on its way when the connection broke may be lost.
        expect(offset).toBeGreaterThan(after - (256 << 10) - 1);
        expect(offset).toBeLessThanOrEqual(after);
        expect(first?.sent).toBe(after);
        expect(second?.sent).toBe(total - offset);
        expect(site.requests).toHaveLength(2);
        expect(waits).toHaveLength(1);
      }
    },
  );

  it.each(versions)('asks by %s that the rest be of the same version', async (_what, version) => {
    const site = await serve({ bytes: large, ...version, faults: [{ kind: 'cut', after: 6 << 20 }] });
    await open(site.url).load();
    expect(site.requests[1]?.ifRange).toBe(Object.values(version)[0]);
  });

  it('goes on as often as it takes, as long as each try brings something', async () => {
    const faults = Array.from({ length: 12 }, () => ({ kind: 'cut', after: 512 << 10 }) as const);
    const site = await serve({ bytes: large, etag: '"1"', faults });
    const { load } = open({ url: site.url, fetch: { retries: 1 } });
    expectSame(await load(), large);
    expect(site.requests).toHaveLength(13);
  });

  it('starts over where the server has no parts', async () => {
    const site = await serve({ bytes: large, etag: '"1"', ranges: false, faults: [{ kind: 'cut', after: 6 << 20 }] });
    expectSame(await open(site.url).load(), large);
    await expectKept(large);
    expect(sent(site)).toBe((6 << 20) + total);
  });

  it('starts over where nothing distinguishes one version from another', async () => {
    const site = await serve({ bytes: large, faults: [{ kind: 'cut', after: 6 << 20 }] });
    expectSame(await open(site.url).load(), large);
    expect(ranges(site)).toEqual([undefined, undefined]);
  });

  it('goes on where only a digest tells one version from another', async () => {
    const site = await serve({ bytes: large, faults: [{ kind: 'cut', after: 6 << 20 }] });
    expectSame(await open({ url: site.url, sha256: digestOf(large) }).load(), large);
    expect(sent(site)).toBeLessThan(total + (512 << 10));
  });

  it('starts over where it came compressed, whose offsets mean nothing', async () => {
    const bytes = patternBytes(total);
    const site = await serve({ bytes, gzip: true, etag: '"1"', faults: [{ kind: 'cut', after: 6 << 20 }] });
    expectSame(await open(site.url).load(), bytes);
    await expectKept(bytes);
    expect(ranges(site)).toEqual([undefined, 'bytes=0-0', undefined, 'bytes=0-0']);
  });

  it.each([
    ['heeds conditions', true],
    ['does not heed conditions', false],
  ])('starts over where the file has changed meanwhile, on a server that %s', async (_what, conditions) => {
    const newer = patternBytes(total, 2);
    const site = await serve({ bytes: large, etag: '"1"', conditions, faults: [{ kind: 'cut', after: 6 << 20 }] });
    const change = () => Object.assign(site.file, { bytes: newer, etag: '"2"' });
    const { models } = openTestModels({ m: site.url }, base, { onWait: change });
    expectSame((await models.open('m')).parts[0], newer);
    await expectKept(newer);
    expect(site.requests.map(({ status }) => status)).toEqual(conditions ? [200, 200] : [200, 206, 200]);
  });

  it('starts over where a server that names no version sends the rest of another, which the digest shows', async () => {
    const newer = patternBytes(total, 2);
    const site = await serve({ bytes: large, faults: [{ kind: 'cut', after: 6 << 20 }] });
    const change = () => Object.assign(site.file, { bytes: newer });
    const { models } = openTestModels({ m: { url: site.url, sha256: digestOf(newer) } }, base, { onWait: change });
    expectSame((await models.open('m')).parts[0], newer);
    await expectKept(newer);
    expect(site.requests.map(({ status }) => status)).toEqual([200, 206, 200]);
  });

  it('starts over where the file is shorter now', async () => {
    const site = await serve({
      bytes: large,
      etag: '"1"',
      conditions: false,
      faults: [{ kind: 'cut', after: 6 << 20 }],
    });
    const change = () => Object.assign(site.file, { bytes: small, etag: '"2"' });
    const { models } = openTestModels({ m: site.url }, base, { onWait: change });
    expectSame((await models.open('m')).parts[0], small);
    await expectKept(small);
    expect(site.requests.map(({ status }) => status)).toEqual([200, 416, 200]);
  });

  it('gives up after as many tries as it may make, and keeps the chunks that came', async () => {
    const cut = { kind: 'cut', after: 100 } as const;
    const site = await serve({ bytes: large, etag: '"1"', faults: [{ kind: 'cut', after: 6 << 20 }, cut, cut, cut] });
    const { load } = open({ url: site.url, fetch: { retries: 2 } });
    await expect(load()).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringMatching(/^load-by-name: model "m": .+model\.bin broke off \(.+\): try again$/),
    });
    expect(site.requests).toHaveLength(3);
    const [stored] = await readStored();
    expect(stored?.record).toMatchObject({ complete: false, received: chunkBytes, total });
    expectSame(stored?.bytes, large.subarray(0, chunkBytes));
  });

  it.each([
    ['by a connection that ends early', () => serveRaw('HTTP/1.1 200 OK', 'content-length: 100', '', 'only this')],
    ['by an answer that is no HTTP', () => serveRaw('hello')],
  ])('fails %s', async (_what, start) => {
    const { load } = open({ url: await start(), fetch: { retries: 0 } });
    await expect(load()).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('model.bin'),
    });
    await expectNothingKept();
  });

  it('fails where less comes than was told, and the browser does not mind', async () => {
    vi.stubGlobal('fetch', async () => new Response('only this', { headers: { 'content-length': '100' } }));
    const { load } = open({ url: 'https://page.example/m', fetch: { retries: 0 } });
    await expect(load()).rejects.toThrow('https://page.example/m ended after 9 of 100 bytes: try again');
    await expectNothingKept();
  });
});

describe('a download that stalls', () => {
  const fetch: ModelFetchOptions = { stallTimeout: 30_000 };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** Lets the time go by in which nothing comes, as soon as the download waits for what the server does not send. */
  async function stall(isStalled: () => boolean): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
      // Progress that is still to be told has a timer too.
      if (isStalled()) vi.advanceTimersByTime(100);
    } while (!isStalled() || vi.getTimerCount() === 0);
    vi.advanceTimersByTime(fetch.stallTimeout ?? 0);
  }

  it.each([0, 100, chunkBytes, 6 << 20])('after %d bytes is asked for again, from there', async (after) => {
    const site = await serve({ bytes: large, etag: '"1"', faults: [{ kind: 'stall', after }] });
    const loading = open({ url: site.url, fetch }).load();
    await stall(() => site.requests.length === 1 && sent(site) === after);
    expectSame(await loading, large);
    await expectKept(large);
    expect(site.requests).toHaveLength(2);
    const [offset = 0] = /\d+/.exec(site.requests[1]?.range ?? '')?.map(Number) ?? [];
    // What the client had not yet read is asked for again.
    expect(offset).toBeLessThanOrEqual(after);
    expect(sent(site)).toBe(after + total - offset);
  });

  it('fails in the end, and says how long nothing came', async () => {
    const fault = { kind: 'stall', after: 10 } as const;
    const site = await serve({ bytes: large, etag: '"1"', faults: [fault, fault] });
    const { load } = open({ url: site.url, fetch: { ...fetch, retries: 1 } });
    const failure = expect(load()).rejects.toThrow('model.bin brought nothing for 30000 ms: try again');
    for (const tries of [1, 2]) await stall(() => site.requests.length === tries && sent(site) === 10 * tries);
    await failure;
    await expectNothingKept();
  });

  it('does so too where the server does not answer at all', async () => {
    let connections = 0;
    const url = await listen(createTcpServer(() => connections++));
    const { load } = open({ url, fetch: { ...fetch, retries: 0 } });
    const failure = expect(load()).rejects.toThrow('model.bin brought nothing for 30000 ms: try again');
    await stall(() => connections > 0);
    await failure;
  });

  it('is none where it is only slow', async () => {
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    const site = await serve({ bytes: large, faults: [{ kind: 'pause', after: 100, until }] });
    const loading = open({ url: site.url, fetch }).load();
    while (sent(site) < 100 || vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(29_999);
    release();
    expectSame(await loading, large);
    expect(site.requests).toHaveLength(1);
  });
});

describe('a server that has no parts', () => {
  it('is not asked for ever, where each second try brings what the one before has not', async () => {
    const cut: Fault = { kind: 'cut', after: 100 << 10 };
    const none: Fault = { kind: 'cut', after: 0 };
    const faults = Array.from({ length: 20 }, (_, index) => (index % 2 ? none : cut));
    const site = await serve({ bytes: large, ranges: false, faults });
    await expect(open(site.url).load()).rejects.toThrow(/broke off|ended after/);
    expect(site.requests).toHaveLength(5);
  });
});

describe('a server that refuses', () => {
  it.each([
    [404, 'not-found', 'Not Found'],
    [410, 'not-found', 'Gone'],
    [401, 'security', 'Unauthorized'],
    [403, 'security', 'Forbidden'],
    [400, 'runtime-error', 'Bad Request'],
  ] satisfies [number, ErrorCode, string][])('with status %d fails as %s, at once', async (status, code, text) => {
    const site = await serve({ bytes: small, faults: [{ kind: 'status', status }] });
    const { load } = open(site.url);
    await expect(load()).rejects.toMatchObject({
      name: 'WasiNNError',
      code,
      message: `load-by-name: model "m": ${site.url} answered ${status} ${text}`,
    });
    expect(site.requests).toHaveLength(1);
    await expectNothingKept();
    expectSame(await load(), small);
  });

  it.each([500, 502, 503, 429, 408])('with status %d is asked again', async (status) => {
    const refusal = { kind: 'status', status } as const;
    const site = await serve({ bytes: small, faults: [refusal, refusal] });
    const { load, waits } = open(site.url);
    expectSame(await load(), small);
    expect(site.requests).toHaveLength(3);
    expect(waits).toHaveLength(2);
    await expectKept(small);
  });

  it('is asked as often as the registry says, after waits that grow', async () => {
    const faults = Array.from({ length: 9 }, () => ({ kind: 'status', status: 500 }) as const);
    const site = await serve({ bytes: small, faults });
    const { load, waits } = open({ url: site.url, fetch: { retries: 8 } });
    await expect(load()).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('answered 500 Internal Server Error'),
    });
    expect(site.requests).toHaveLength(9);
    expect(waits).toHaveLength(8);
    for (const [index, wait] of waits.entries()) {
      const longest = Math.min(250 * 2 ** index, 10_000);
      expect(wait).toBeLessThanOrEqual(longest);
      expect(wait).toBeGreaterThanOrEqual(longest / 2);
    }
  });

  it.each([
    ['2', 2000, 2000],
    ['3600', 10_000, 10_000],
    ['Sat, 01 Jan 2022 00:00:00 GMT', 125, 250],
    ['soon', 125, 250],
  ])('and says Retry-After: %s is left alone for as long, within reason', async (value, least, most) => {
    const refusal = { kind: 'status', status: 503, headers: { 'Retry-After': value } } as const;
    const { load, waits } = open((await serve({ bytes: small, faults: [refusal] })).url);
    await load();
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(least);
    expect(waits[0]).toBeLessThanOrEqual(most);
  });

  it.each(['text/html', 'text/html; charset=utf-8', 'TEXT/HTML', 'application/octet-stream'])(
    'with a page of type %s and status 200 fails as no model, and leaves nothing',
    async (contentType) => {
      const site = await serve({ bytes: small, faults: [{ kind: 'page', contentType }] });
      const { load } = open(site.url);
      await expect(load()).rejects.toMatchObject({
        code: 'invalid-encoding',
        message: `load-by-name: model "m": ${site.url} answered an HTML page, not a model: check the URL`,
      });
      await expectNothingKept();
      expectSame(await load(), small);
    },
  );

  it('in the middle of a download is asked again, from there', async () => {
    const site = await serve({
      bytes: large,
      etag: '"1"',
      faults: [
        { kind: 'cut', after: 6 << 20 },
        { kind: 'status', status: 503 },
      ],
    });
    expectSame(await open(site.url).load(), large);
    expect(site.requests.map(({ status }) => status)).toEqual([200, 503, 206]);
  });

  it('with 304 without being asked, or a part without being asked, fails', async () => {
    for (const status of [304, 206]) {
      const site = await serve({ bytes: small, faults: [{ kind: 'status', status }] });
      await expect(open(site.url).load()).rejects.toMatchObject({ code: 'runtime-error' });
      expect(site.requests).toHaveLength(1);
    }
    await expectNothingKept();
  });
});

describe('a server that cannot be reached', () => {
  it('is asked again, and the error says what to check', async () => {
    const server = createTcpServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const { load, waits } = open({ url, fetch: { retries: 2 } });
    await expect(load()).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringMatching(/model\.bin could not be reached \(.+\): check the network and.*CORS/),
    });
    expect(waits).toHaveLength(2);
  });
});

describe('a file that is not the one of the registry', () => {
  it.each([
    ['wrong in its digest', { sha256: '0'.repeat(64) }, 'security', /has the SHA-256 digest [0-9a-f]{64}, not the 0+/],
    ['longer', { size: total - 1 }, 'runtime-error', `has ${total} bytes, not the ${total - 1} of the registry`],
    ['shorter', { size: total + 1 }, 'runtime-error', `has ${total} bytes, not the ${total + 1} of the registry`],
  ] as const)('being %s, is refused and not kept', async (_what, options, code, reason) => {
    const site = await serve({ bytes: large, etag: '"1"' });
    await expect(open({ url: site.url, ...options }).load()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(reason),
    });
    await expectNothingKept();
    expect(site.requests).toHaveLength(1);
  });

  it.each([
    ['longer', total - 1, `has more than the ${total - 1} bytes of the registry`],
    ['shorter', total + 1, `ended after ${total} of ${total + 1} bytes`],
  ])('being %s, is refused also where no length is told', async (_what, size, reason) => {
    const site = await serve({ bytes: large, tellsLength: false });
    const { load } = open({ url: site.url, size, fetch: { retries: 0 } });
    await expect(load()).rejects.toThrow(reason);
    expect((await readStored()).every(({ record }) => !record.complete)).toBe(true);
  });

  it('is refused for its length before anything of it is fetched', async () => {
    const site = await serve({ bytes: large });
    await expect(open({ url: site.url, size: 5 }).load()).rejects.toThrow('not the 5 of the registry');
    expect(sent(site)).toBeLessThan(total);
  });

  it('is right with digest and size', async () => {
    const site = await serve({ bytes: large });
    expectSame(await open({ url: site.url, sha256: digestOf(large).toUpperCase(), size: total }).load(), large);
    await expectKept(large);
  });

  it('fits no memory', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK', `content-length: ${2 ** 50}`, 'connection: close', '', 'x');
    await expect(open({ url, fetch: { retries: 0 } }).load()).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining(String(2 ** 50)),
    });
  });
});

describe('mirrors', () => {
  it.each([
    ['refuses', { kind: 'status', status: 404 }],
    ['gives a page', { kind: 'page', contentType: 'text/html' }],
    ['is down', { kind: 'status', status: 500 }],
  ] as const)('are asked where the first %s', async (_what, fault) => {
    const first = await serve({ bytes: small, faults: Array.from({ length: 9 }, () => fault) });
    const second = await serve({ bytes: small });
    const third = await serve({ bytes: small });
    expectSame(await open({ urls: [first.url, second.url, third.url] }).load(), small);
    expect([second.requests.length, third.requests.length]).toEqual([1, 0]);
    await expectKept(small);
  });

  it('give the file that the digest says, where the first has another', async () => {
    const first = await serve({ bytes: patternBytes(total, 2) });
    const second = await serve({ bytes: large });
    expectSame(await open({ urls: [first.url, second.url], sha256: digestOf(large) }).load(), large);
    expect(second.requests).toMatchObject([{ range: undefined, sent: total }]);
    await expectKept(large);
  });

  it('go on where the first broke off, with a digest', async () => {
    const first = await serve({ bytes: large, faults: [{ kind: 'cut', after: 6 << 20 }] });
    const second = await serve({ bytes: large });
    const options = { urls: [first.url, second.url], sha256: digestOf(large), fetch: { retries: 0 } };
    expectSame(await open(options).load(), large);
    expect(second.requests).toMatchObject([{ status: 206 }]);
    expect(sent(second)).toBeLessThan(total - chunkBytes);
    await expectKept(large);
  });

  it('start over without a digest: theirs may be another version', async () => {
    const first = await serve({ bytes: large, etag: '"1"', faults: [{ kind: 'cut', after: 6 << 20 }] });
    const second = await serve({ bytes: patternBytes(total, 2), etag: '"1"' });
    const options = { urls: [first.url, second.url], fetch: { retries: 0 } };
    expectSame(await open(options).load(), patternBytes(total, 2));
    expect(second.requests).toMatchObject([{ range: undefined, sent: total }]);
  });

  it('fail with what each said', async () => {
    const first = await serve({ bytes: small, faults: [{ kind: 'status', status: 404 }] });
    const second = await serve({ bytes: small, faults: [{ kind: 'status', status: 403 }] });
    await expect(open({ urls: [first.url, second.url] }).load()).rejects.toMatchObject({
      code: 'not-found',
      message:
        'load-by-name: model "m": all 2 URLs failed: ' +
        `${first.url} answered 404 Not Found; ${second.url} answered 403 Forbidden`,
    });
  });
});

describe('a download that is aborted', () => {
  it('ends with the reason, stops the server, and keeps the chunks that came', async () => {
    const site = await serve({ bytes: large, etag: '"1"', faults: [{ kind: 'stall', after: 6 << 20 }] });
    const controller = new AbortController();
    const { load } = open(site.url);
    const loading = load(controller.signal);
    await vi.waitFor(async () => expect((await readStored())[0]?.record.received).toBe(chunkBytes));
    controller.abort('enough');
    await expect(loading).rejects.toBe('enough');
    await site.requests[0]?.closed;
    expectSame((await readStored())[0]?.bytes, large.subarray(0, chunkBytes));
    expectSame(await load(), large);
    expect(ranges(site)).toEqual([undefined, `bytes=${chunkBytes}-`]);
  });

  it('is not even begun where its signal is aborted already', async () => {
    const site = await serve({ bytes: small });
    await expect(open(site.url).load(AbortSignal.abort('early'))).rejects.toBe('early');
    expect(site.requests).toEqual([]);
  });

  it('ends while it waits for the next try', async () => {
    const site = await serve({ bytes: small, faults: [{ kind: 'status', status: 503 }] });
    const controller = new AbortController();
    const { models } = openTestModels({ m: site.url }, base, { onWait: () => controller.abort('enough') });
    await expect(models.open('m', controller.signal)).rejects.toBe('enough');
    expect(site.requests).toHaveLength(1);
  });
});

describe('another origin, which hides most headers', () => {
  beforeEach(() => {
    vi.stubGlobal('location', { origin: 'https://page.example' });
  });

  it('is asked for parts without a condition, which would need its leave', async () => {
    const site = await serve({
      bytes: large,
      etag: '"1"',
      lastModified: 'Sat, 01 Jan 2022 00:00:00 GMT',
      faults: [{ kind: 'cut', after: 6 << 20 }],
    });
    expectSame(await open(site.url).load(), large);
    expect(site.requests[1]).toMatchObject({ ifRange: undefined, ifNoneMatch: undefined, status: 206 });
  });

  it('may send a compressed file, whose told length is not the size of the registry', async () => {
    hideHeaders();
    const bytes = new Uint8Array(200_000).fill(7);
    const site = await serve({ bytes, gzip: true });
    expectSame(await open({ url: site.url, size: bytes.byteLength }).load(), bytes);
    expectSame(await open(site.url).load(), bytes);
  });

  it('is asked for all of a file of which it sends a rest that cannot be read', async () => {
    hideHeaders();
    const site = await serve({
      bytes: large,
      lastModified: 'Sat, 01 Jan 2022 00:00:00 GMT',
      faults: [
        { kind: 'cut', after: 6 << 20 },
        { kind: 'cut', after: 0 },
      ],
    });
    expectSame(await open(site.url).load(), large);
    expect(site.requests.map(({ status }) => status)).toEqual([200, 206, 200]);
  });

  it('is not believed to send the rest of what it does not tell the version of', async () => {
    const site = await serve({
      bytes: large,
      lastModified: 'Sat, 01 Jan 2022 00:00:00 GMT',
      faults: [{ kind: 'cut', after: 6 << 20 }],
    });
    const forget = () => Object.assign(site.file, { lastModified: undefined });
    const { models } = openTestModels({ m: site.url }, base, { onWait: forget });
    expectSame((await models.open('m')).parts[0], large);
    expect(site.requests.map(({ status }) => status)).toEqual([200, 206, 200]);
  });

  /** As browsers do where a server names no more headers in Access-Control-Expose-Headers. */
  function hideHeaders(): void {
    const visible = ['cache-control', 'content-length', 'content-type', 'last-modified'];
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
      const response = await fetch(input, init);
      const headers = [...response.headers].filter(([name]) => visible.includes(name));
      return new Response(response.body, { status: response.status, headers });
    });
  }
});
