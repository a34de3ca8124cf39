import { deleteDB } from 'idb';
import { describe, expect, it, vi } from 'vitest';
import { chunkBytes, type ModelCache } from './cache.js';
import { openCacheDatabase } from './cache-database.js';
import { patternBytes, serveFile } from './file-server.fixture.js';
import { digestOf, expectSame, openTestModels, readStored, type TestModels } from './models.fixture.js';
import { answerModel, bytes, faultyCache, full, open, overtakenCache } from './served-models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';

const { serve } = useTestServers();

const serveModel = () => serve(answerModel);

describe('preload', () => {
  it('puts a model into the cache, from where it is opened without a request', async () => {
    const site = await serveModel();
    const { models } = open({ m: { url: 'm', immutable: true } }, site);
    await models.preload('m');
    await models.preload('m');
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toHaveLength(1);
  });

  it.each([
    ['there is no cache', { cache: () => Promise.reject(new Error('private window')) }],
    ['its budget is 0', { budget: 0 }],
    ['its budget is too small', { budget: 4999 }],
    ['the disk is full', { cache: () => faultyCache({ append: full }) }],
    ['the last step fails', { cache: () => faultyCache({ complete: full }) }],
  ])('fails where %s: nobody would have the bytes', async (_what, { cache, ...options }: CacheSetting) => {
    const { models } = open({ m: 'm' }, await serveModel(), { ...options, ...(cache ? { cache: cache() } : {}) });
    await expect(models.preload('m')).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringMatching(/^preload: model "m": it cannot be kept/),
    });
  });

  interface CacheSetting {
    readonly cache?: () => Promise<ModelCache>;
    readonly budget?: number;
  }

  it('keeps a download going that was begun for somebody who has gone', async () => {
    let finish = () => {};
    const until = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { requests, handle } = serveFile({ bytes, faults: [{ kind: 'pause', after: 100, until }] });
    let noteRequest = () => {};
    const asked = new Promise<void>((resolve) => {
      noteRequest = resolve;
    });
    const site = await serve((request, response) => {
      handle(request, response);
      noteRequest();
    });
    const { models } = open({ m: 'm' }, site);
    const controller = new AbortController();
    const opening = models.open('m', controller.signal);
    await asked;
    const preloading = models.preload('m');
    await models.list();
    controller.abort('gone');
    await expect(opening).rejects.toBe('gone');
    finish();
    await preloading;
    expect(requests).toMatchObject([{ sent: bytes.byteLength }]);
    expect(await models.list()).toMatchObject([{ cached: 'whole' }]);
  });

  it('tries for itself where the download that it waited for has failed', async () => {
    const { requests, handle } = serveFile({ bytes, faults: [{ kind: 'status', status: 404 }] });
    const { models } = open({ m: 'm' }, await serve(handle));
    const opening = models.open('m');
    const preloading = models.preload('m');
    await expect(opening).rejects.toMatchObject({ code: 'not-found' });
    await preloading;
    expect(requests).toHaveLength(2);
  });

  it('has nothing to do for a model that the page has given', async () => {
    const site = await serveModel();
    const { models } = open({ local: { data: bytes }, echo: { backend: 'echo' } }, site);
    await models.preload('local');
    await models.preload('echo');
    expect(site.requests).toEqual([]);
  });

  it('fails for a name that is not registered', async () => {
    await expect(open({}, await serveModel()).models.preload('m')).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('list and usage', () => {
  it('show what the cache has of each model', async () => {
    const site = await serveModel();
    const { models } = open(
      {
        whole: { urls: ['a', 'mirror'], target: 'gpu', encoding: 'onnx' },
        'one of two': { parts: ['a', { url: 'b', size: 7 }] },
        none: 'c',
        local: { data: new Blob(['12345']) },
      },
      site,
      { budget: 1_000_000 },
    );
    vi.spyOn(Date, 'now').mockReturnValue(1234);
    await models.preload('whole');
    const one = { encoding: 'autodetect', target: 'cpu', cachedBytes: 0 };
    expect(await models.list()).toEqual([
      {
        name: 'whole',
        encoding: 'onnx',
        target: 'gpu',
        urls: [`${site.url}a`, `${site.url}mirror`],
        cached: 'whole',
        cachedBytes: 5000,
        size: 5000,
        lastUsed: new Date(1234),
      },
      {
        ...one,
        name: 'one of two',
        urls: [`${site.url}a`, `${site.url}b`],
        cached: 'part',
        cachedBytes: 5000,
        size: 5007,
        lastUsed: new Date(1234),
      },
      { ...one, name: 'none', urls: [`${site.url}c`], cached: 'no' },
      { ...one, name: 'local', urls: [], cached: 'no', size: 5 },
    ]);
    expect(await models.usage()).toMatchObject({ bytes: 5000, files: 1, budget: 1_000_000 });
  });

  it('count what a model was converted to, which goes with the model', async () => {
    const site = await serveModel();
    const { models } = open({ m: { parts: ['a', 'b'] }, 'one of two': 'a', local: { data: bytes } }, site);
    const { files = [] } = await models.open('m');
    expect(files).toEqual([`${site.url}a`, `${site.url}b`]);
    expect(await models.open('local')).not.toHaveProperty('files');
    await models.keepConverted({ files, key: 'openvino-1-0f' }, { offset: 0, total: 7, bytes: bytes.slice(0, 7) });

    expect(await models.list()).toMatchObject([
      { cached: 'whole', cachedBytes: 10_007, size: 10_000 },
      { cached: 'whole', cachedBytes: 5000, size: 5000 },
      { cached: 'no', cachedBytes: 0 },
    ]);
    expect(await models.usage()).toMatchObject({ bytes: 10_007, files: 3 });
    await models.delete('one of two');
    expect(await models.list()).toMatchObject([{ cached: 'part', cachedBytes: 5000 }, {}, {}]);
    await models.clear();
    expect(await models.usage()).toMatchObject({ bytes: 0, files: 0 });
  });

  it("keep what was converted of a guest's file apart from the page's", async () => {
    const site = await serveModel();
    const { models } = open({ m: 'models/a' }, site, { allowedUrls: [`${site.url}models/*`] });
    const { files = [] } = await models.open(`${site.url}models/a`);
    const { files: own = [] } = await models.open('m');
    await models.keepConverted({ files, key: 'openvino-1-0f' }, { offset: 0, total: 7, bytes: bytes.slice(0, 7) });
    expect(await models.findConverted({ files: own, key: 'openvino-1-0f' })).toBeUndefined();
    expect((await readStored()).map(({ record }) => record.key)).toContain(
      `guest ${site.url}models/a converted openvino-1-0f`,
    );
  });

  it('show a download that was broken off', async () => {
    const site = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 3 * chunkBytes, etag: '"1"' });
      response.write(patternBytes(chunkBytes + 10), () => response.socket?.end());
    });
    const { models } = open({ m: { url: 'm', fetch: { retries: 0 } } }, site);
    await expect(models.preload('m')).rejects.toThrow('broke off');
    expect(await models.list()).toMatchObject([
      { cached: 'part', cachedBytes: chunkBytes, size: 3 * chunkBytes, lastUsed: expect.any(Date) },
    ]);
  });

  it('know of no cached bytes where there is no cache', async () => {
    const cache = Promise.reject(new Error('private window'));
    const { models } = open({ m: 'm' }, await serveModel(), { cache, budget: 10 });
    expect(await models.list()).toMatchObject([{ name: 'm', cached: 'no', cachedBytes: 0 }]);
    expect(await models.usage()).toMatchObject({ bytes: 0, files: 0, budget: 10 });
  });
});

describe('add', () => {
  it('registers models while others are open, also in place of others', async () => {
    const site = await serve((request, response) => response.end(request.url));
    const { models } = open({ m: 'old' }, site);
    const added = openTestModels({ m: 'new', other: 'other' }, site.url).entries;
    models.add(added);
    for (const [name, text] of [
      ['m', '/new'],
      ['other', '/other'],
    ] as const) {
      expect(Buffer.from((await models.open(name)).parts[0] ?? []).toString()).toBe(text);
    }
  });
});

describe('delete, clear and forget', () => {
  const table = { m: 'm.onnx', other: 'other.onnx', parts: { parts: ['m.onnx', 'third'] }, data: { data: bytes } };

  it.each(['delete', 'forget'] as const)(
    '%s makes the next visit download the model again, and no other',
    async (operation) => {
      const site = await serveModel();
      const { models } = open(table, site);
      await models.open('m');
      await models.open('other');
      await models[operation]('m');
      expect((await readStored()).map(({ record }) => record.url)).toEqual([`${site.url}other.onnx`]);
      await models.open('m');
      await models.open('other');
      expect(site.requests).toEqual(['/m.onnx', '/other.onnx', '/m.onnx']);
    },
  );

  it('delete removes all parts of a model', async () => {
    const { models } = open(table, await serveModel());
    await models.preload('parts');
    expect(await readStored()).toHaveLength(2);
    await models.delete('parts');
    expect(await readStored()).toEqual([]);
  });

  it('delete fails for a name that is not registered', async () => {
    const { models } = open(table, await serveModel());
    await expect(models.delete('nosuch')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('clear removes everything, registered or not', async () => {
    const site = await serveModel();
    await open({ gone: 'gone' }, site).models.preload('gone');
    const { models } = open(table, site);
    await models.preload('m');
    await models.clear();
    expect(await readStored()).toEqual([]);
    expect(await models.usage()).toMatchObject({ bytes: 0, files: 0 });
  });

  it.each(['nosuch', 'data', 'm'])('forget is harmless for %s', async (name) => {
    await expect(open(table, await serveModel()).models.forget(name)).resolves.toBeUndefined();
  });

  it('forget keeps the files whose digest is registered, and deletes the others', async () => {
    const site = await serve((_request, response) => response.end(bytes));
    const verified = { url: 'verified.bin', sha256: digestOf(bytes) };
    const { models } = open({ verified, mixed: { parts: ['m.onnx', verified] } }, site);
    for (const name of ['verified', 'mixed']) {
      await models.open(name);
      await models.forget(name);
    }
    expect((await readStored()).map(({ record }) => record.url)).toEqual([`${site.url}verified.bin`]);
    await models.open('verified');
    expect(site.requests).toEqual(['/verified.bin', '/m.onnx']);
  });

  it('forget makes the next load check the digest of a file that is kept', async () => {
    const site = await serve((_request, response) => response.end(bytes));
    const { models, notices } = open({ m: { url: 'm', sha256: digestOf(bytes) } }, site);
    await models.open('m');
    await models.open('m');
    const database = await openCacheDatabase();
    for (const key of await database.getAllKeys('chunks')) {
      await database.put(
        'chunks',
        bytes.map((byte) => byte ^ 1),
        key,
      );
    }
    database.close();
    await models.forget('m');
    expectSame((await models.open('m')).parts[0], bytes);
    expect(notices).toMatchObject([{ reason: 'damaged' }]);
    expect(site.requests).toEqual(['/m', '/m']);
  });

  it.each([
    ['there is no cache', () => Promise.reject(new Error('private window'))],
    ['its connection was lost', overtakenCache],
  ])('all are harmless where %s', async (_what, cache) => {
    const { models } = open(table, await serveModel(), { cache: cache() });
    await models.forget('m');
    await models.delete('m');
    await models.clear();
  });

  describe.each([
    ['delete', ({ models }: TestModels) => models.delete('m')],
    ['the deletion of the database', () => deleteDB('wasi-nn-web')],
  ])('%s while the model is on its way', (_what, remove) => {
    const large = patternBytes(2 * chunkBytes);

    /** Removes the model when its first chunk is kept. */
    async function removeMeanwhile(use: 'open' | 'preload') {
      let finish = () => {};
      const site = await serve((_request, response) => {
        if (site.requests.length > 1) {
          response.end(large);
          return;
        }
        response.write(large.subarray(0, chunkBytes + 10));
        finish = () => response.end(large.subarray(chunkBytes + 10));
      });
      const opened = open({ m: 'm' }, site);
      const using = opened.models[use]('m');
      await vi.waitFor(async () => expect(await readStored()).toHaveLength(1));
      await remove(opened);
      finish();
      return { model: await using, site };
    }

    it('leaves nothing wrong behind', async () => {
      const { model } = await removeMeanwhile('open');
      expect(Buffer.compare(model?.parts[0] ?? new Uint8Array(), large)).toBe(0);
      expect(await readStored()).toEqual([]);
    });

    it('makes preload start over', async () => {
      const { site } = await removeMeanwhile('preload');
      expect(await readStored()).toMatchObject([{ record: { complete: true, received: large.byteLength } }]);
      expect(site.requests).toHaveLength(2);
    });
  });
});
