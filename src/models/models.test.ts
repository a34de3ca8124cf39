import 'fake-indexeddb/auto';
import { createServer, type RequestListener } from 'node:http';
import { IDBFactory } from 'fake-indexeddb';
import { openDB } from 'idb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ModelCache, openModelCache } from './cache.js';
import { createModels, type ModelProgress, type Models } from './models.js';
import { createRegistry, type ModelsOption } from './registry.js';

const stops: (() => void)[] = [];

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

interface Site {
  readonly url: string;
  /** The paths asked for so far. */
  readonly requests: string[];
}

async function serve(answer: RequestListener): Promise<Site> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    answer(request, response);
  });
  stops.push(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return { url: `http://127.0.0.1:${address.port}/`, requests };
}

const bytes = Uint8Array.from({ length: 5000 }, (_, index) => (index * 13) & 0xff);
const serveModel = () => serve((_request, response) => response.setHeader('content-length', 5000).end(bytes));

function open(
  models: ModelsOption,
  site: Site,
  cache: Promise<ModelCache> = openModelCache(),
): { models: Models; progress: ModelProgress[] } {
  const progress: ModelProgress[] = [];
  const registry = createRegistry(models, site.url);
  return { models: createModels({ registry, cache, onProgress: (step) => progress.push(step) }), progress };
}

/** A cache of which some operations fail. */
function faultyCache(faults: Partial<ModelCache>): Promise<ModelCache> {
  return Promise.resolve({
    read: async () => undefined,
    write: async () => undefined,
    delete: async () => undefined,
    ...faults,
  });
}

/** A cache that had to give way to another tab. */
async function overtakenCache(): Promise<ModelCache> {
  const cache = await openModelCache();
  (await openDB('wasi-nn-web', 2)).close();
  return cache;
}

const refuse = async () => {
  throw new DOMException('the database connection is closing', 'InvalidStateError');
};

describe('open', () => {
  it('downloads a model, keeps it, and finds it on the next visit without a request', async () => {
    const site = await serveModel();
    const first = open({ m: 'm.onnx' }, site);
    expect((await first.models.open('m')).parts).toEqual([bytes]);
    const again = open({ m: 'm.onnx' }, site);
    expect((await again.models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toEqual(['/m.onnx']);
  });

  it('tells the encoding, the target and the lengths of open axes with the bytes', async () => {
    const site = await serveModel();
    const options = { url: 'm', encoding: 'onnx', target: 'tpu', freeDimensions: { batch: 1 } } as const;
    const { models } = open({ m: options }, site);
    expect(await models.open('m')).toMatchObject({
      encoding: 'onnx',
      target: 'tpu',
      freeDimensions: { batch: 1 },
      parts: [bytes],
    });
  });

  it('tells how the download goes, and that the next comes from the cache', async () => {
    const site = await serveModel();
    const { models, progress } = open({ m: 'm.onnx' }, site);
    await models.open('m');
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.every(({ name, phase, total }) => name === 'm' && phase === 'download' && total === 5000)).toBe(
      true,
    );
    expect(progress.at(-1)?.loaded).toBe(5000);

    progress.length = 0;
    await models.open('m');
    expect(progress).toEqual([{ name: 'm', phase: 'cache', loaded: 5000, total: 5000 }]);
  });

  it('gives bytes of a page without a request or a cache entry', async () => {
    const site = await serveModel();
    const data = Uint8Array.of(1, 2, 3);
    const { models, progress } = open({ bytes: { data }, blob: { data: new Blob([data]) } }, site);
    expect((await models.open('bytes')).parts).toEqual([data]);
    expect((await models.open('blob')).parts).toEqual([data]);
    expect(site.requests).toEqual([]);
    expect(progress).toEqual([]);
  });

  it.each([
    ['two names of one URL', ['a', 'b']],
    ['one name twice', ['a', 'a', 'a']],
  ])('makes one download for %s opened at once', async (_what, names) => {
    const site = await serveModel();
    const { models } = open({ a: 'm.onnx', b: { url: 'm.onnx', target: 'gpu' } }, site);
    const opened = await Promise.all(names.map((name) => models.open(name)));
    for (const { parts } of opened) expect(parts).toEqual([bytes]);
    expect(site.requests).toEqual(['/m.onnx']);
  });

  it('downloads different URLs side by side', async () => {
    const site = await serve((request, response) => response.end(request.url));
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
    for (const name of [`${site.url}m.onnx`, 'm.onnx', '', '__proto__', 'toString']) {
      await expect(models.open(name)).rejects.toMatchObject({ code: 'not-found' });
    }
    expect(site.requests).toEqual([]);
  });

  it('names the model and the URL that failed, keeps nothing, and tries again the next time', async () => {
    let status = 404;
    const site = await serve((_request, response) => response.writeHead(status).end(bytes));
    const { models } = open({ m: 'm.onnx' }, site);
    await expect(models.open('m')).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'not-found',
      message: `load-by-name: model "m": ${site.url}m.onnx answered 404 Not Found`,
    });
    status = 200;
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toHaveLength(2);
  });

  it('fails for all that wait for the same download', async () => {
    const site = await serve((_request, response) => response.writeHead(500).end());
    const { models } = open({ a: 'm.onnx', b: 'm.onnx' }, site);
    const results = await Promise.allSettled([models.open('a'), models.open('b')]);
    expect(results).toMatchObject([
      { status: 'rejected', reason: { code: 'runtime-error', message: expect.stringContaining('model "a"') } },
      { status: 'rejected', reason: { code: 'runtime-error', message: expect.stringContaining('model "b"') } },
    ]);
    expect(site.requests).toHaveLength(1);
  });
});

describe('open, where the cache fails', () => {
  const full = async () => {
    throw new DOMException('the disk is full', 'QuotaExceededError');
  };
  const faults: readonly [what: string, cache: () => Promise<ModelCache>][] = [
    ['there is none', () => Promise.reject(new DOMException('private window', 'SecurityError'))],
    ['it cannot be written', () => faultyCache({ write: full })],
    ['it can be neither written nor cleaned up', () => faultyCache({ write: full, delete: refuse })],
    ['it cannot be read', () => faultyCache({ read: refuse })],
    ['its connection was lost', () => faultyCache({ read: refuse, write: refuse, delete: refuse })],
    ['another tab has a newer schema', overtakenCache],
  ];

  it.each(faults)('downloads the model every time: %s', async (_what, cache) => {
    const site = await serveModel();
    const { models } = open({ m: 'm.onnx' }, site, cache());
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toHaveLength(2);
  });

  it('removes what a failed write left behind', async () => {
    const deleted: string[] = [];
    const cache = faultyCache({
      write: full,
      delete: async (url) => {
        deleted.push(url);
      },
    });
    const site = await serveModel();
    await open({ m: 'm.onnx' }, site, cache).models.open('m');
    expect(deleted).toEqual([`${site.url}m.onnx`]);
  });
});

describe('forget', () => {
  it('makes the next visit download the model again, and no other', async () => {
    const site = await serveModel();
    const { models } = open({ m: 'm.onnx', other: 'other.onnx' }, site);
    await models.open('m');
    await models.open('other');
    await models.forget('m');
    await models.open('m');
    await models.open('other');
    expect(site.requests).toEqual(['/m.onnx', '/other.onnx', '/m.onnx']);
  });

  it.each(['nosuch', 'data', 'neverOpened'])('is harmless for %s', async (name) => {
    const { models } = open({ data: { data: bytes }, neverOpened: 'never' }, await serveModel());
    await expect(models.forget(name)).resolves.toBeUndefined();
  });

  it.each([
    ['there is no cache', () => Promise.reject(new Error('private window'))],
    ['its connection was lost', () => faultyCache({ delete: refuse })],
  ] satisfies [string, () => Promise<ModelCache>][])('is harmless where %s', async (_what, cache) => {
    const { models } = open({ m: 'm' }, await serveModel(), cache());
    await expect(models.forget('m')).resolves.toBeUndefined();
  });
});
