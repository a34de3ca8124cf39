import { describe, expect, it } from 'vitest';
import { chunkBytes } from './cache.js';
import { openCacheDatabase } from './cache-database.js';
import { patternBytes, type ServedFile } from './file-server.fixture.js';
import type { ModelOptions } from './model-options.js';
import { digestOf, expectKept, expectSame, readStored } from './models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';
import { date, large, laterDate, newer, statuses, visit } from './visit.fixture.js';

const { serveFile: serve } = useTestServers();

const total = large.byteLength;

describe('a download that an earlier visit has begun', () => {
  /** What is kept of a download that was cut after so many bytes: whole chunks. */
  const cuts = [
    [1, 0],
    [chunkBytes - 1, 0],
    [chunkBytes, 1],
    [chunkBytes + 1, 1],
    [2 * chunkBytes - 1, 1],
    [2 * chunkBytes, 2],
    [10 << 20, 2],
    [3 * chunkBytes, 3],
    [total - 1, 3],
  ] as const;

  async function breakOff(options: Partial<ServedFile>, after: number, registry: Partial<ModelOptions> = {}) {
    const site = await serve({ bytes: large, ...options, faults: [{ kind: 'cut', after }] });
    const entry = { url: site.url, ...registry, fetch: { retries: 0 } };
    await expect(visit(entry).load()).rejects.toThrow('broke off');
    site.requests.length = 0;
    return { site, entry };
  }

  it.each(cuts)('and that was cut after %d bytes goes on from chunk %d', async (after, chunks) => {
    const { site, entry } = await breakOff({ etag: '"1"' }, after);
    const stored = await readStored();
    expect(stored.map(({ record }) => record.received)).toEqual(chunks === 0 ? [] : [chunks * chunkBytes]);

    const { load, progress } = visit(entry);
    expectSame(await load(), large);
    await expectKept(large);
    expect(site.requests).toMatchObject([
      chunks === 0
        ? { range: undefined, sent: total }
        : { range: `bytes=${chunks * chunkBytes}-`, ifRange: '"1"', sent: total - chunks * chunkBytes },
    ]);
    expect(progress[0]).toMatchObject({ phase: 'download', loaded: chunks * chunkBytes, total });
  });

  it('goes on by its digest alone, and checks all of it', async () => {
    const { site, entry } = await breakOff({}, 10 << 20, { sha256: digestOf(large) });
    expectSame(await visit(entry).load(), large);
    await expectKept(large);
    expect(site.requests).toMatchObject([{ range: `bytes=${2 * chunkBytes}-`, sent: total - 2 * chunkBytes }]);
  });

  it.each([
    ['by an ETag, which the server heeds', { etag: '"1"' }, { etag: '"2"' }, [200]],
    ['by an ETag, which it does not heed', { etag: '"1"', conditions: false }, { etag: '"2"' }, [206, 200]],
    ['by a date', { lastModified: date }, { lastModified: laterDate }, [200]],
  ] as const)('starts over where the file has changed, which shows %s', async (_what, before, after, expected) => {
    const { site, entry } = await breakOff(before, 10 << 20);
    Object.assign(site.file, after, { bytes: newer });
    const { load } = visit(entry);
    if (expected.length > 1) site.file.bytes = patternBytes(total, 2);
    expectSame(await load(), site.file.bytes);
    await expectKept(site.file.bytes);
    expect(statuses(site)).toEqual(expected);
  });

  it('starts over where what was kept is of another version, as the digest shows', async () => {
    const { site, entry } = await breakOff({}, 10 << 20, { sha256: digestOf(large) });
    const database = await openCacheDatabase();
    await database.put('chunks', patternBytes(chunkBytes, 2), [`sha256:${digestOf(large)}`, 1]);
    database.close();
    expectSame(await visit(entry).load(), large);
    await expectKept(large);
    expect(statuses(site)).toEqual([206, 200]);
  });

  it.each([
    ['nothing shows its version', {}],
    ['only a weak ETag shows its version', { etag: 'W/"1"' }],
    ['it came compressed', { etag: '"1"', gzip: true }],
  ])('starts over where %s', async (_what, file) => {
    const { site, entry } = await breakOff(file, 10 << 20);
    expectSame(await visit(entry).load(), large);
    await expectKept(large);
    expect(site.requests[0]?.range).toBeUndefined();
  });

  it('starts over where the server has no parts any more', async () => {
    const { site, entry } = await breakOff({ etag: '"1"' }, 10 << 20);
    site.file.ranges = false;
    expectSame(await visit(entry).load(), large);
    await expectKept(large);
    expect(site.requests).toMatchObject([{ range: `bytes=${2 * chunkBytes}-`, status: 200, sent: total }]);
  });

  it('starts over where a chunk is missing', async () => {
    const { site, entry } = await breakOff({ etag: '"1"' }, 10 << 20);
    const database = await openCacheDatabase();
    await database.delete('chunks', [site.url, 0]);
    database.close();
    const { load, notices } = visit(entry);
    expectSame(await load(), large);
    await expectKept(large);
    expect(site.requests).toMatchObject([{ range: undefined, sent: total }]);
    expect(notices).toMatchObject([{ reason: 'damaged' }]);
  });

  it('starts over where its chunks are of another length, as another version of the cache may have them', async () => {
    const { site, entry } = await breakOff({ etag: '"1"' }, 10 << 20);
    const database = await openCacheDatabase();
    const record = await database.get('files', site.url);
    if (!record) throw new Error('nothing was kept');
    await database.put('files', { ...record, chunkBytes: chunkBytes / 2 });
    database.close();
    expectSame(await visit(entry).load(), large);
    expect(site.requests).toMatchObject([{ range: undefined }]);
  });

  it('needs no request where all of it is there, and only the check was not made', async () => {
    const site = await serve({ bytes: large, etag: '"1"' });
    await visit(site.url).load();
    const database = await openCacheDatabase();
    const record = await database.get('files', site.url);
    if (!record) throw new Error('nothing was kept');
    await database.put('files', { ...record, complete: false });
    database.close();
    site.requests.length = 0;
    expectSame(await visit(site.url).load(), large);
    await expectKept(large);
    expect(site.requests).toEqual([]);
  });

  it('is refused where the rest makes it wrong, and nothing of it is kept', async () => {
    const { site, entry } = await breakOff({}, 10 << 20, { sha256: '0'.repeat(64) });
    await expect(visit(entry).load()).rejects.toMatchObject({ code: 'security' });
    expect(await readStored()).toEqual([]);
    expect(statuses(site)).toEqual([206, 200]);
  });

  it('goes on by preloading too', async () => {
    const { site, entry } = await breakOff({ etag: '"1"' }, 10 << 20);
    await visit(entry).models.preload('m');
    await expectKept(large);
    expect(site.requests).toMatchObject([{ range: `bytes=${2 * chunkBytes}-` }]);
  });
});
