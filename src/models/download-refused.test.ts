import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../standard/error.js';
import { expectNothingKept, large, open, sent, small } from './download.fixture.js';
import type { Fault } from './file-server.fixture.js';
import { digestOf, expectKept, expectSame, readStored } from './models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';

const { serveFile: serve, serveRaw, listen } = useTestServers();
const total = large.byteLength;

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
  ])('being %s, is refused where the server gives no length, too', async (_what, size, reason) => {
    const site = await serve({ bytes: large, sendsLength: false });
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
