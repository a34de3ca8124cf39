import { createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chunkBytes } from './cache.js';
import { base, expectNothingKept, large, open, ranges, sent, small } from './download.fixture.js';
import { patternBytes } from './file-server.fixture.js';
import type { ModelFetchOptions } from './model-options.js';
import { digestOf, expectKept, expectSame, openTestModels, readStored, startTestServer } from './models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';

const { serveFile: serve, serveRaw, listen, onEnd } = useTestServers();
const total = large.byteLength;

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

  it('reports only how much came where the server sends no length', async () => {
    const site = await serve({ bytes: large, sendsLength: false });
    const { load, progress } = open(site.url);
    expectSame(await load(), large);
    await expectKept(large);
    expect(progress.at(-1)).toMatchObject({ loaded: total });
    expect(progress.at(-1)).not.toHaveProperty('total');
  });

  it('reports the size in the registry where the server sends no length', async () => {
    const site = await serve({ bytes: small, sendsLength: false });
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
    onEnd(stop);
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
    onEnd(stop);
    expect(await open(url).load()).toHaveLength(1);
  });

  it('ends at its Content-Length, as HTTP has it', async () => {
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

  it('fails where less comes than Content-Length says, and the browser does not mind', async () => {
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
      // Progress that is still to be reported has a timer too.
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
