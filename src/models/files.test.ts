import { openDB } from 'idb';
import { describe, expect, it, vi } from 'vitest';
import { chunkBytes } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import { bytesOf, digestOf, expectKept, expectSame, type FileSite, openTestModels } from './models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';
import { date, large, laterDate, newer, statuses, visit } from './visit.fixture.js';

const { serveFile: serve } = useTestServers();

const small = patternBytes(5000);
const total = large.byteLength;

describe('a file from an earlier visit', () => {
  it.each([
    ['with a digest', { sha256: digestOf(small) }],
    ['that is immutable', { immutable: true }],
  ])('%s is used without asking, whatever the server has now', async (_what, options) => {
    const site = await serve({ bytes: small, etag: '"1"' });
    const entry = { url: site.url, ...options };
    await visit(entry).load();
    Object.assign(site.file, { bytes: newer, etag: '"2"' });
    const { load, progress } = visit(entry);
    expectSame(await load(), small);
    expect(site.requests).toHaveLength(1);
    expect(progress).toMatchObject([{ phase: 'cache', loaded: 5000, total: 5000 }]);
  });

  it('with a digest may have moved', async () => {
    const site = await serve({ bytes: small });
    await visit({ url: site.url, sha256: digestOf(small) }).load();
    expectSame(await visit({ url: `${site.url}?moved`, sha256: digestOf(small) }).load(), small);
    expect(site.requests).toHaveLength(1);
  });

  it('is used without asking as long as the server said that it stays', async () => {
    const site = await serve({ bytes: small, etag: '"1"', cacheControl: 'public, max-age=60' });
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    await visit(site.url).load();
    now.mockReturnValue(1_059_000);
    await visit(site.url).load();
    expect(site.requests).toHaveLength(1);
    now.mockReturnValue(1_061_000);
    await visit(site.url).load();
    expect(statuses(site)).toEqual([200, 304]);
    now.mockReturnValue(1_120_000);
    await visit(site.url).load();
    expect(site.requests).toHaveLength(2);
  });

  it.each(['no-cache', 'no-store', 'max-age=60, no-cache', 'max-age=0', 'private'])(
    'is asked for again where the server said %s',
    async (cacheControl) => {
      const site = await serve({ bytes: small, etag: '"1"', cacheControl });
      await visit(site.url).load();
      await visit(site.url).load();
      expect(statuses(site)).toEqual([200, 304]);
    },
  );

  it('counts the time that it has spent in other caches', async () => {
    vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const { fetch } = globalThis;
    vi.stubGlobal('fetch', async (input: string, init: RequestInit) => {
      const response = await fetch(input, init);
      const headers = new Headers(response.headers);
      headers.set('Age', '60');
      return new Response(response.body, { status: response.status, headers });
    });
    const site = await serve({ bytes: small, etag: '"1"', cacheControl: 'max-age=60' });
    await visit(site.url).load();
    await visit(site.url).load();
    expect(site.requests).toHaveLength(2);
  });

  it.each([
    ['its ETag', { etag: '"1"' }, [200, 304]],
    ['its weak ETag', { etag: 'W/"1"' }, [200, 304]],
    ['its date', { lastModified: date }, [200, 304]],
  ])('is asked for by %s, once in a visit', async (_what, version, expected) => {
    const site = await serve({ bytes: small, ...version });
    await visit(site.url).load();
    const { load, progress } = visit(site.url);
    expectSame(await load(), small);
    expectSame(await load(), small);
    expect(statuses(site)).toEqual(expected);
    expect(progress).toMatchObject([{ phase: 'cache' }, { phase: 'cache' }]);
  });

  it.each([
    ['its ETag', { etag: '"1"' }, { etag: '"2"' }],
    ['its date', { lastModified: date }, { lastModified: laterDate }],
    ['nothing', {}, {}],
  ])('is fetched again where it has changed, as %s shows', async (_what, before, after) => {
    const site = await serve({ bytes: small, ...before });
    await visit(site.url).load();
    Object.assign(site.file, { bytes: newer, ...after });
    expectSame(await visit(site.url).load(), newer);
    await expectKept(newer);
    expect(statuses(site)).toEqual([200, 200]);
    expect(site.requests[1]?.sent).toBe(newer.byteLength);
  });

  it('of another origin is not fetched again where its answer has the same version', async () => {
    vi.stubGlobal('location', { origin: 'https://page.example' });
    const site = await serve({ bytes: large, lastModified: date });
    await visit(site.url).load();
    const { load, progress } = visit(site.url);
    expectSame(await load(), large);
    expect(progress).toMatchObject([{ phase: 'cache' }]);
    expect(site.requests[1]).toMatchObject({ ifNoneMatch: undefined, status: 200 });
    await site.requests[1]?.closed;
    expect(site.requests[1]?.sent).toBeLessThan(total);
  });

  it('stays where its successor cannot be fetched, until that has a chunk of its own', async () => {
    const site = await serve({ bytes: small, etag: '"1"' });
    await visit(site.url).load();
    Object.assign(site.file, { bytes: newer, etag: '"2"', faults: [{ kind: 'cut', after: 100 }] });
    await expect(visit({ url: site.url, fetch: { retries: 0 } }).load()).rejects.toThrow('broke off');
    await expectKept(small);
  });

  it.each([
    ['the network is down', (site: FileSite) => site.stop()],
    ['the server is down', ({ file }: FileSite) => Object.assign(file, { faults: [{ kind: 'status', status: 503 }] })],
    [
      'a hotel network answers in its place',
      ({ file }: FileSite) => Object.assign(file, { faults: [{ kind: 'page', contentType: 'text/html' }] }),
    ],
  ])('is used where %s', async (_what, fail) => {
    const site = await serve({ bytes: small, etag: '"1"' });
    await visit(site.url).load();
    fail(site);
    expectSame(await visit(site.url).load(), small);
    await expectKept(small);
  });

  it('is used where the server takes too long to say whether it has changed', async () => {
    const site = await serve({ bytes: small, etag: '"1"' });
    await visit(site.url).load();
    vi.stubGlobal(
      'fetch',
      (_url: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    expectSame(await visit({ url: site.url, fetch: { stallTimeout: 10 } }).load(), small);
  });

  it.each([
    [404, 'not-found'],
    [410, 'not-found'],
    [403, 'security'],
  ])('is not used where the server says %d: the model is gone', async (status, code) => {
    const site = await serve({ bytes: small, etag: '"1"' });
    await visit(site.url).load();
    site.file.faults = [{ kind: 'status', status }];
    await expect(visit(site.url).load()).rejects.toMatchObject({ code });
    // It may be the server's mistake.
    expectSame(await visit(site.url).load(), small);
  });

  it('is fetched again where the size in the registry is another now', async () => {
    const site = await serve({ bytes: small, etag: '"1"' });
    await visit({ url: site.url, size: 5000, immutable: true }).load();
    Object.assign(site.file, { bytes: newer, etag: '"2"' });
    expectSame(await visit({ url: site.url, size: 6000, immutable: true }).load(), newer);
    await expectKept(newer);
  });

  it.each([
    ['a chunk is missing', async (key: string) => (await openDB('wasi-nn-web')).delete('chunks', [key, 1])],
    [
      'a chunk is of a wrong length',
      async (key: string) => (await openDB('wasi-nn-web')).put('chunks', patternBytes(5), [key, 0]),
    ],
  ])('is fetched again where %s, with a notice', async (_what, damage) => {
    const site = await serve({ bytes: large, etag: '"1"' });
    const entry = { url: site.url, immutable: true };
    await visit(entry).load();
    await damage(site.url);
    const { load, notices } = visit(entry);
    expectSame(await load(), large);
    await expectKept(large);
    expect(notices).toMatchObject([{ reason: 'damaged' }]);
    expect(statuses(site)).toEqual([200, 200]);
  });

  /** Changes a byte of what is kept, and no length. */
  async function tamper(key: string, index: number): Promise<void> {
    const database = await openDB('wasi-nn-web');
    const bytes = await bytesOf(await database.get('chunks', [key, index]));
    bytes[1] = (bytes[1] ?? 0) ^ 1;
    await database.put('chunks', bytes, [key, index]);
    database.close();
  }

  it.each(['open', 'preload'] as const)('that was changed is fetched again by %s, as its digest shows', async (use) => {
    const site = await serve({ bytes: large });
    const entry = { url: site.url, sha256: digestOf(large) };
    await visit(entry).load();
    await tamper(`sha256:${digestOf(large)}`, 3);
    const { models, load, notices } = visit(entry);
    await models[use]('m');
    await expectKept(large);
    expectSame(await load(), large);
    expect(notices).toEqual([
      {
        reason: 'damaged',
        message: expect.stringMatching(
          /model\.bin is fetched again: the cache has .* [0-9a-f]{64}, not the [0-9a-f]{64}/,
        ),
      },
    ]);
    expect(statuses(site)).toEqual([200, 200]);
  });

  it('that was changed after the visit has downloaded it is fetched again', async () => {
    const site = await serve({ bytes: small });
    const { load, notices } = visit({ url: site.url, sha256: digestOf(small) });
    await load();
    await tamper(`sha256:${digestOf(small)}`, 0);
    expectSame(await load(), small);
    expect(notices).toHaveLength(1);
  });

  it('that was changed is an error offline', async () => {
    const site = await serve({ bytes: small });
    const entry = { url: site.url, sha256: digestOf(small), fetch: { retries: 0 } };
    await visit(entry).load();
    await tamper(`sha256:${digestOf(small)}`, 0);
    site.stop();
    const { load, progress } = visit(entry);
    await expect(load()).rejects.toThrow('could not be reached');
    expect(progress.map(({ phase }) => phase)).not.toContain('cache');
  });

  it('is checked once a visit', async () => {
    const site = await serve({ bytes: small });
    const entry = { url: site.url, sha256: digestOf(small) };
    await visit(entry).load();
    const { load, notices } = visit(entry);
    await load();
    await tamper(`sha256:${digestOf(small)}`, 0);
    // Nothing less shows that no digest is made again.
    expect((await load())[1]).toBe((small[1] ?? 0) ^ 1);
    expect(notices).toEqual([]);
  });

  /** Holds back the end of what the cache reads. @returns lets it come */
  function holdBackEnd(): () => void {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { stream } = Blob.prototype;
    vi.spyOn(Blob.prototype, 'stream').mockImplementation(function (this: Blob) {
      return stream.call(this).pipeThrough(new TransformStream({ flush: () => released }));
    });
    return release;
  }

  it('is checked while other files are downloaded', async () => {
    const site = await serve({ bytes: large });
    const other = await serve({ bytes: small });
    const table = { large: { url: site.url, sha256: digestOf(large) }, other: other.url };
    await openTestModels(table, 'https://page.example/').models.preload('large');
    const { models } = openTestModels(table, 'https://page.example/');
    const release = holdBackEnd();
    const opening = models.open('large');
    await models.open('other');
    release();
    expectSame((await opening).parts[0], large);
  });

  it('of the first version of the schema is asked for again, and used offline', async () => {
    const site = await serve({ bytes: newer });
    const first = await openDB('wasi-nn-web', 1, {
      upgrade(database) {
        database.createObjectStore('models', { keyPath: 'url' });
        database.createObjectStore('chunks');
      },
    });
    await first.put('models', { url: site.url, byteLength: small.byteLength, chunkBytes, complete: true });
    await first.put('chunks', small, [site.url, 0]);
    first.close();
    site.file.faults = [{ kind: 'status', status: 503 }];
    expectSame(await visit(site.url).load(), small);
    expectSame(await visit(site.url).load(), newer);
    await expectKept(newer);
  });
});

describe('a changed file that comes slowly', () => {
  it('is not broken off by the time that asking for changes may take', async () => {
    const site = await serve({ bytes: small, etag: '"1"' });
    await visit(site.url).load();
    let release = () => {};
    const until = new Promise<void>((resolve) => {
      release = resolve;
    });
    Object.assign(site.file, { bytes: newer, etag: '"2"', faults: [{ kind: 'pause', after: 10, until }] });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { load, progress } = visit({ url: site.url, fetch: { stallTimeout: 1000, retries: 0 } });
      const loading = load();
      // Each of two waits is shorter than the time for a stall, both together are longer.
      while (site.requests[1]?.sent !== 10 || progress.length === 0) await new Promise((next) => setImmediate(next));
      vi.advanceTimersByTime(900);
      release();
      expectSame(await loading, newer);
      expect(site.requests).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('where there are no locks', () => {
  it('preloading and loading a file at once makes one download', async () => {
    const site = await serve({ bytes: large, etag: '"1"' });
    const { load, models, notices } = visit(site.url);
    const [, loaded] = await Promise.all([models.preload('m'), load()]);
    expectSame(loaded, large);
    await expectKept(large);
    expect(site.requests).toHaveLength(1);
    expect(notices).toEqual([]);
  });
});

describe('where there are locks', () => {
  /** Locks that another tab holds until it has done its work. */
  function holdLocks(work: () => Promise<unknown>): void {
    vi.stubGlobal('navigator', {
      locks: {
        async request(_name: string, options: { ifAvailable?: boolean }, action: (lock: object | null) => unknown) {
          if (options.ifAvailable) return action(null);
          await work();
          return action({});
        },
      },
    });
  }

  it.each([
    ['finds what another tab has fetched meanwhile, without asking', {}],
    ['finds it where the server sends its version', { etag: '"1"' }],
  ])('%s', async (_what, version) => {
    const site = await serve({ bytes: small, ...version });
    const { load, progress } = visit(site.url);
    holdLocks(async () => {
      vi.stubGlobal('navigator', {});
      await visit(site.url).load();
    });
    expectSame(await load(), small);
    expect(site.requests).toHaveLength(1);
    expect(progress).toMatchObject([{ phase: 'wait' }, { phase: 'cache' }]);
  });

  it('goes on where another tab has broken off', async () => {
    const site = await serve({ bytes: large, etag: '"1"', faults: [{ kind: 'cut', after: 10 << 20 }] });
    const { load } = visit(site.url);
    holdLocks(async () => {
      vi.stubGlobal('navigator', {});
      await visit({ url: site.url, fetch: { retries: 0 } })
        .load()
        .catch(() => undefined);
    });
    expectSame(await load(), large);
    expect(site.requests[1]).toMatchObject({ range: `bytes=${2 * chunkBytes}-` });
  });
});
