import { describe, expect, it, vi } from 'vitest';
import { chunkBytes, type ModelCache, openModelCache } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import type { ModelsOption } from './model-options.js';
import { readStored } from './models.fixture.js';
import { answerModel, bytes, faultyCache, full, open, overtakenCache } from './served-models.fixture.js';
import { useTestServers } from './test-servers.fixture.js';

const { serve } = useTestServers();

const serveModel = () => serve(answerModel);
const refuse = () => Promise.reject(new DOMException('the database connection is closing', 'InvalidStateError'));

const failingRead = (): AsyncIterable<Uint8Array> => ({ [Symbol.asyncIterator]: () => ({ next: refuse }) });

describe('open', () => {
  it('downloads a model, keeps it, and finds it on the next visit without a request', async () => {
    const site = await serveModel();
    expect((await open({ m: 'm.onnx' }, site).models.open('m')).parts).toEqual([bytes]);
    expect((await open({ m: 'm.onnx' }, site).models.open('m')).parts).toEqual([bytes]);
    expect(site.requests).toEqual(['/m.onnx']);
  });

  it('gives the options of the model, with its bytes alone', async () => {
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

  it('gives the target of a model without a request', async () => {
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

  it('reports the progress of a model, over all its parts', async () => {
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
