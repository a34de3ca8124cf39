import { beforeEach, describe, expect, it, vi } from 'vitest';
import { chunkBytes } from './cache.js';
import { base, large, open, ranges, sent, small } from './download.fixture.js';
import { patternBytes } from './file-server.fixture.js';
import { digestOf, expectKept, expectSame, openTestModels, readStored } from './models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';

const { serveFile: serve } = useTestServers();
const total = large.byteLength;

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

  it('may send a compressed file, whose Content-Length is not the size of the registry', async () => {
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

  it('is not believed to send the rest of a file whose version it does not send', async () => {
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
