import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { deleteDB, openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chunkBytes, type ModelCache, openModelCache } from './cache.js';
import { openCacheDatabase } from './cache-database.js';
import { patternBytes, serveFile } from './file-server.fixture.js';
import type { ModelsOption } from './model-options.js';
import {
  digestOf,
  expectSame,
  openTestModels,
  readStored,
  startTestServer,
  type TestModels,
  type TestModelsOptions,
  type TestServer,
} from './models.fixture.js';

const stops: (() => void)[] = [];

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  for (const stop of stops.splice(0)) stop();
});

type Listener = Parameters<typeof startTestServer>[0];

async function serve(answer: Listener): Promise<TestServer> {
  const site = await startTestServer(answer);
  stops.push(site.stop);
  return site;
}

const bytes = patternBytes(5000);
const serveModel = () =>
  serve((_request, response) => response.setHeader('cache-control', 'max-age=60').setHeader('etag', '"1"').end(bytes));

function open(models: ModelsOption, site: TestServer, options: TestModelsOptions = {}) {
  return openTestModels(models, site.url, options);
}

/** A cache of which some operations fail. */
async function faultyCache(faults: Partial<ModelCache>): Promise<ModelCache> {
  return { ...(await openModelCache()), ...faults };
}

/** A cache that had to give way to another tab. */
async function overtakenCache(): Promise<ModelCache> {
  const cache = await openModelCache();
  (await openDB('wasi-nn-web', 3)).close();
  return cache;
}

const refuse = () => Promise.reject(new DOMException('the database connection is closing', 'InvalidStateError'));
const full = () => Promise.reject(new DOMException('the disk is full', 'QuotaExceededError'));

const failingRead = (): AsyncIterable<Uint8Array> => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) });

describe('open', () => {
  it('downloads a model, keeps it, and finds it on the next visit without a request', async () => {
    const site = await serveModel();
    expect((await open({ m: 'm.onnx' }, site).models.open('m')).parts).toEqual([bytes]);
    expect((await open({ m: 'm.onnx' }, site).models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toEqual(['/m.onnx']);
  });

  it('tells how the model is to be loaded, with its bytes alone', async () => {
    const site = await serveModel();
    const options = {
      encoding: 'onnx',
      target: 'tpu',
      freeDimensions: { batch: 1 },
      graphOptimization: 'basic',
    } as const;
    const { models } = open({ m: { url: 'm', ...options }, local: { data: bytes, ...options } }, site);
    for (const name of ['m', 'local']) {
      const model = await models.open(name);
      expect(model).toMatchObject({ ...options, parts: [bytes] });
      expect(model).not.toHaveProperty('sources');
    }
  });

  it('tells what a model is meant for without asking for it', async () => {
    const site = await serveModel();
    const { models } = open({ m: { url: 'm', target: 'tpu' }, plain: 'n' }, site);
    expect([await models.targetOf('m'), await models.targetOf('plain')]).toEqual(['tpu', 'cpu']);
    await expect(models.targetOf('other')).rejects.toMatchObject({ code: 'not-found' });
    expect(site.requests).toEqual([]);
  });

  it('names a backend that needs no model', async () => {
    const { models } = open({ echo: { backend: 'echo' } }, await serveModel());
    expect(await models.open('echo')).toMatchObject({ backend: 'echo', parts: [] });
  });

  it('fetches all parts of a model, in their order, each once', async () => {
    const site = await serve((request, response) => response.end(request.url));
    const data = Uint8Array.of(1);
    const { models } = open({ m: { parts: ['b', { url: 'a' }, { data }, 'b'] } }, site);
    const { parts } = await models.open('m');
    expect(parts.map((part) => Buffer.from(part).toString('latin1'))).toEqual(['/b', '/a', '\u0001', '/b']);
    expect(new Set(parts.map(({ buffer }) => buffer)).size).toBe(4);
    expect([...site.requests].sort()).toEqual(['/a', '/b']);
  });

  it('stops the other parts where one fails', async () => {
    let closed = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const site = await serve((request, response) => {
      response.on('close', closed);
      if (request.url === '/missing') response.writeHead(404).end();
      else response.write('the rest never comes');
    });
    const { models } = open({ m: { parts: ['endless', 'missing'] } }, site);
    await expect(models.open('m')).rejects.toMatchObject({ code: 'not-found' });
    await gone;
  });

  it('tells the progress of a model, over all its parts', async () => {
    const site = await serveModel();
    const { models, progress } = open({ m: { parts: ['a', 'b'] } }, site);
    await models.open('m');
    expect(progress.at(-1)).toMatchObject({ name: 'm', phase: 'download', loaded: 10_000, total: 10_000 });
    progress.length = 0;
    await models.open('m');
    expect(progress.at(-1)).toMatchObject({ name: 'm', phase: 'cache', loaded: 10_000, total: 10_000 });
  });

  it('gives bytes of a page without a request or a cache entry, as bytes of their own', async () => {
    const site = await serveModel();
    const data = Uint8Array.of(1, 2, 3);
    const { models, progress } = open({ bytes: { data }, blob: { data: new Blob([data]) } }, site);
    const [part] = (await models.open('bytes')).parts;
    expect(part).toEqual(data);
    part?.fill(0);
    expect((await models.open('bytes')).parts).toEqual([data]);
    expect((await models.open('blob')).parts).toEqual([data]);
    expect(site.requests).toEqual([]);
    expect(progress).toEqual([]);
    expect(await readStored()).toEqual([]);
  });

  it.each([
    ['two names of one URL', ['a', 'b']],
    ['one name twice', ['a', 'a', 'a']],
  ])('makes one download for %s opened at once', async (_what, names) => {
    const site = await serveModel();
    const { models } = open({ a: 'm.onnx', b: { url: 'm.onnx', target: 'gpu' } }, site);
    const opened = await Promise.all(names.map((name) => models.open(name)));
    for (const { parts } of opened) expect(parts).toEqual([bytes]);
    expect(new Set(opened.map(({ parts }) => parts[0]?.buffer)).size).toBe(names.length);
    expect(site.requests).toEqual(['/m.onnx']);
  });

  it('goes on for the others where one of them is aborted', async () => {
    let release = () => {};
    const asked = new Promise<void>((resolve) => {
      release = resolve;
    });
    let answer = () => {};
    const site = await serve((_request, response) => {
      release();
      answer = () => response.end(bytes);
    });
    const { models } = open({ m: 'm' }, site);
    const controller = new AbortController();
    const aborted = models.open('m', controller.signal);
    const other = models.open('m');
    await asked;
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    answer();
    expect((await other).parts).toEqual([bytes]);
    expect(site.requests).toHaveLength(1);
  });

  it('downloads different URLs side by side', async () => {
    const waiting: (() => void)[] = [];
    const site = await serve((request, response) => {
      waiting.push(() => response.end(request.url));
      // Neither is answered before both have asked.
      if (waiting.length === 2) for (const answer of waiting) answer();
    });
    const { models } = open({ a: 'a', b: 'b' }, site);
    const opened = await Promise.all([models.open('a'), models.open('b')]);
    expect(opened.map(({ parts }) => new TextDecoder().decode(parts[0]))).toEqual(['/a', '/b']);
  });

  it.each([
    [{}, 'the registry is empty'],
    [{ squeezenet: 'a', 'dig"its': 'b' }, 'registered are "squeezenet", "dig\\"its"'],
  ] satisfies [ModelsOption, string][])('refuses a name that is not in %j', async (registry, known) => {
    const { models } = open(registry, await serveModel());
    await expect(models.open('nosuch')).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'not-found',
      message: `load-by-name: no model is registered as "nosuch"; ${known}`,
    });
  });

  it('cuts a very long name that is not registered', async () => {
    const { models } = open({ m: 'm.onnx' }, await serveModel());
    const failure: unknown = await models.open('n'.repeat(1_000_000)).catch((cause: unknown) => cause);
    expect(failure).toMatchObject({ code: 'not-found', message: expect.stringContaining('registered are "m"') });
    expect(String(failure).length).toBeLessThan(400);
  });

  it('takes no URL for a name', async () => {
    const site = await serveModel();
    const { models } = open({ m: 'm.onnx' }, site);
    for (const name of [`${site.url}m.onnx`, 'm.onnx', 'M', '', '__proto__', 'toString']) {
      await expect(models.open(name)).rejects.toMatchObject({ code: 'not-found' });
    }
    expect(site.requests).toEqual([]);
  });

  it('takes the URLs that the page allows, and no others', async () => {
    const site = await serveModel();
    const { models } = open({ m: 'm.onnx' }, site, { allowedUrls: ['allowed/*'] });
    expect((await models.open(`${site.url}allowed/m`)).parts).toEqual([bytes]);
    for (const name of [`${site.url}m.onnx`, `${site.url}allowed/../m`, 'https://elsewhere.example/allowed/m']) {
      await expect(models.open(name)).rejects.toMatchObject({ code: 'security' });
    }
    expect(site.requests).toEqual(['/allowed/m']);
  });

  it('follows redirects of URLs that the page has registered', async () => {
    const site = await serve((request, response) => {
      if (request.url === '/m') response.writeHead(302, { location: '/other' });
      response.end(bytes);
    });
    const { models } = open({ m: 'm' }, site);
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toEqual(['/m', '/other']);
  });

  it.each(['/models/n', '/secret', 'data:,x', 'https://elsewhere.example/m'])(
    'follows no redirect of a URL that a guest has given: %s',
    async (location) => {
      const site = await serve((_request, response) => response.writeHead(302, { location }).end());
      const { models } = open({}, site, { allowedUrls: [`${site.url}models/*`] });
      const name = `${site.url}models/m`;
      await expect(models.open(name)).rejects.toMatchObject({
        code: 'security',
        message: expect.stringContaining(`${JSON.stringify(name)} redirects elsewhere: allow the final URL`),
      });
      expect(site.requests).toEqual(['/models/m']);
    },
  );

  it('refuses an answer that a service worker has had from a URL that is not allowed', async () => {
    const site = await serveModel();
    const answerFrom = (url: string) => {
      const response = new Response(bytes);
      Object.defineProperty(response, 'url', { value: url });
      vi.stubGlobal('fetch', async () => response);
    };
    const { models } = open({}, site, { allowedUrls: [`${site.url}models/*`] });
    answerFrom(`${site.url}secret`);
    await expect(models.open(`${site.url}models/m`)).rejects.toMatchObject({
      code: 'security',
      message: expect.stringContaining(`redirects to "${site.url}secret"`),
    });
    answerFrom(`${site.url}models/n`);
    expect((await models.open(`${site.url}models/m`)).parts).toEqual([bytes]);
  });

  it('fails for all that wait for the same download', async () => {
    const site = await serve((_request, response) => response.writeHead(404).end());
    const { models } = open({ a: 'm.onnx', b: 'm.onnx' }, site);
    const results = await Promise.allSettled([models.open('a'), models.open('b')]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'not-found', message: expect.stringContaining('model "a"') } },
      { status: 'rejected', reason: { code: 'not-found', message: expect.stringContaining('model "b"') } },
    ]);
    expect(site.requests).toHaveLength(1);
  });
});

describe('open, where the cache fails', () => {
  const faults: readonly [what: string, cache: () => Promise<ModelCache>][] = [
    ['there is none', () => Promise.reject(new DOMException('private window', 'SecurityError'))],
    ['it cannot be written', () => faultyCache({ append: full })],
    ['it can be neither written nor cleaned up', () => faultyCache({ append: full, delete: refuse })],
    ['nothing can be begun', () => faultyCache({ begin: full })],
    ['it cannot be found in', () => faultyCache({ find: refuse })],
    ['it cannot be read', () => faultyCache({ read: failingRead })],
    ['its connection was lost', overtakenCache],
  ];

  it.each(faults)('downloads the model every time: %s', async (_what, cache) => {
    const site = await serveModel();
    const { models } = open({ m: 'm.onnx' }, site, { cache: cache() });
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toHaveLength(2);
  });

  it('goes on from memory where the room ends in the middle, says so once, and leaves nothing', async () => {
    const large = patternBytes(2 * chunkBytes + 10);
    const site = await serve((_request, response) => response.end(large));
    const { append } = await openModelCache();
    const cache = faultyCache({
      append: (key, offset, chunk) => (offset === 0 ? append(key, offset, chunk) : full()),
    });
    const { models, notices } = open({ m: 'm' }, site, { cache });
    const [part] = (await models.open('m')).parts;
    expect(Buffer.compare(part ?? new Uint8Array(), large)).toBe(0);
    expect(site.requests).toHaveLength(1);
    expect(notices).toMatchObject([{ reason: 'full', message: expect.stringContaining('the disk is full') }]);
    expect(await readStored()).toEqual([]);
  });
});

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
  it('tell what the cache has of each model', async () => {
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

  it('tell of a download that was broken off', async () => {
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
