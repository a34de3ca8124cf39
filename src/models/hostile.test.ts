import { openDB } from 'idb';
import { describe, expect, it, vi } from 'vitest';
import { chunkBytes } from './cache.js';
import { patternBytes } from './file-server.fixture.js';
import { digestOf, expectSame, openTestModels, readStored } from './models.fixture.js';
import { fetchDocument, parseDocument } from './registry-document.js';
import { useTestServers } from './test-servers.fixture.js';

// Servers, guests and registry documents that mean ill, or are broken.

const { serve } = useTestServers();

const bytes = patternBytes(5000);
const large = patternBytes(2 * chunkBytes + 1000);
const long = 'x'.repeat(10 << 20);
const base = 'https://page.example/';

describe('a server whose headers lie', () => {
  it.each(['abc', '-5', '1e3', '0x10', '5000, 5000', '5000.5', '9'.repeat(30), ' ', '٥'])(
    'sends no length by Content-Length %j',
    async (length) => {
      vi.stubGlobal('fetch', async () => {
        const response = new Response(bytes);
        response.headers.delete('content-length');
        Object.defineProperty(response, 'headers', { value: new Map([['content-length', length]]) });
        return response;
      });
      const { models, progress } = openTestModels({ m: 'm' }, base);
      expect((await models.open('m')).parts).toEqual([bytes]);
      expect(progress.map(({ total }) => total)).not.toContain(Number.NaN);
      expect(await models.list()).toMatchObject([{ cached: 'whole', size: bytes.byteLength }]);
    },
  );

  it.each(['bytes 4194304-4194399/4194400', 'bytes 4194304-9/10', `bytes 4194304-9/${2 ** 50}`])(
    'is asked for all of the file after a rest of another length: %s',
    async (range) => {
      const site = await serve((_request, response) => {
        if (site.requests.length === 1) {
          response.writeHead(200, { etag: '"1"', 'content-length': large.byteLength });
          response.write(large.subarray(0, chunkBytes), () => response.socket?.end());
        } else if (site.requests.length === 2) {
          response.writeHead(206, { etag: '"1"', 'content-range': range }).end(large.subarray(0, 96));
        } else response.end(large);
      });
      const { models } = openTestModels({ m: 'm' }, site.url);
      expectSame((await models.open('m')).parts[0], large);
      expect(site.requests).toHaveLength(3);
    },
  );

  it.each(['abc', '-1', '9'.repeat(30)])('keeps a file with Age %j', async (age) => {
    const site = await serve((_request, response) => {
      response.writeHead(200, { age, 'cache-control': 'max-age=60' }).end(bytes);
    });
    for (let visit = 0; visit < 2; visit++) {
      const { models, notices } = openTestModels({ m: 'm' }, site.url);
      expect((await models.open('m')).parts).toEqual([bytes]);
      expect(notices).toEqual([]);
    }
    expect(site.requests).toHaveLength(1);
  });

  it('sends elsewhere, to a data URL, and fails', async () => {
    const site = await serve((_request, response) => response.writeHead(302, { location: 'data:,model' }).end());
    const { models } = openTestModels({ m: { url: 'm', fetch: { retries: 0 } } }, site.url);
    await expect(models.open('m')).rejects.toMatchObject({ code: 'runtime-error' });
  });
});

describe('a database that lies', () => {
  it.each([
    ['an ETag that is no header', { etag: 'a\r\nb' }],
    ['a date that is no header', { lastModified: '\u{1f4a5}' }],
    ['more bytes than there are', { received: 2 ** 45 }],
  ])('with %s does not keep a model from being loaded', async (_what, lie) => {
    const site = await serve((_request, response) => response.setHeader('etag', '"1"').end(bytes));
    await openTestModels({ m: 'm' }, site.url).models.open('m');
    const database = await openDB('wasi-nn-web');
    for (const record of await database.getAll('files')) await database.put('files', { ...record, ...lie });
    database.close();
    const { models } = openTestModels({ m: 'm' }, site.url);
    expect((await models.open('m')).parts).toEqual([bytes]);
    expect(await models.list()).toMatchObject([{ cached: 'whole', cachedBytes: bytes.byteLength }]);
  });
});

describe('a guest', () => {
  it.each([
    ['a name', {}, long, 'not-found'],
    ['a URL', {}, `https://models.example/${long}`, 'not-found'],
    ['an allowed URL', { allowedUrls: ['https://models.example/*'] }, `https://models.example/${long}`, 'security'],
    ['another URL', { allowedUrls: ['https://models.example/*'] }, `https://other.example/${long}`, 'security'],
  ])('that gives %s of 10 MB gets a short error', async (_what, options, name, code) => {
    const { models } = openTestModels({ m: 'm' }, base, options);
    const error: unknown = await models.open(name).catch((cause) => cause);
    expect(error).toMatchObject({ code });
    expect(String(error).length).toBeLessThan(1000);
  });

  it('that loads by URL neither takes nor spoils what the page has registered', async () => {
    // Who has no key gets another answer.
    const site = await serve(({ headers }, response) => response.end(headers['x-key'] ? bytes : 'anonymous'));
    const url = `${site.url}m`;
    const { models } = openTestModels({ m: { url, immutable: true, fetch: { headers: { 'X-Key': '1' } } } }, base, {
      allowedUrls: [`${site.url}*`],
    });
    const [guest, page] = await Promise.all([models.open(url), models.open('m')]);
    expect(Buffer.from(guest.parts[0] ?? []).toString()).toBe('anonymous');
    expect(page.parts).toEqual([bytes]);
    expect((await models.open('m')).parts).toEqual([bytes]);
  });

  it('that loads by URL makes no model of the page go from the cache', async () => {
    const site = await serve((_request, response) => response.end(bytes));
    const options = { allowedUrls: [`${site.url}*`], budget: 12_000 };
    const { models, notices } = openTestModels({ m: 'm', other: 'other' }, site.url, options);
    const urls = async () => (await readStored()).map(({ record }) => record.url.slice(site.url.length)).sort();
    await models.open('m');
    for (const path of ['1', '2', '3']) await models.open(`${site.url}${path}`);
    expect(await urls()).toEqual(['3', 'm']);
    await models.open('other');
    expect(await urls()).toEqual(['m', 'other']);
    await models.open(`${site.url}4`);
    expect(await urls()).toEqual(['m', 'other']);
    expect(notices).toMatchObject([{ reason: 'full', message: expect.stringContaining('models may take 2000') }]);
  });
});

describe('a model in a data URL', () => {
  const url = `data:application/octet-stream;base64,${Buffer.from(patternBytes(4 << 20)).toString('base64')}`;

  it('is loaded, checked, and not kept a second time', async () => {
    const sha256 = digestOf(patternBytes(4 << 20)).toUpperCase();
    const { models } = openTestModels({ m: { url, sha256 } }, base);
    await models.preload('m');
    expectSame((await models.open('m')).parts[0], patternBytes(4 << 20));
    expect(await readStored()).toEqual([]);
  });

  it('that has another digest is refused in few words', async () => {
    const { models } = openTestModels({ m: { url, sha256: '0'.repeat(64) } }, base);
    const error: unknown = await models.open('m').catch((cause) => cause);
    expect(error).toMatchObject({ code: 'security' });
    expect(String(error).length).toBeLessThan(1000);
  });
});

describe('a registry document', () => {
  const parse = (text: string) => parseDocument(JSON.parse(text), 'https://models.example/models.json');

  it('may name a model __proto__, and no more than that', async () => {
    const entries = parse('{ "models": { "__proto__": "a.onnx", "constructor": "b.onnx" } }');
    expect([...entries.keys()]).toEqual(['__proto__', 'constructor']);
    expect(Reflect.get({}, 'sources')).toBeUndefined();
  });

  it.each([
    '{ "models": {}, "__proto__": { "polluted": true } }',
    '{ "__proto__": { "models": {} } }',
    '{ "models": { "m": { "url": "m", "__proto__": { "polluted": true } } } }',
    '{ "models": { "m": { "url": "m", "constructor": {} } } }',
    '{ "models": { "m": { "__proto__": { "url": "m" } } } }',
    '{ "models": { "m": { "url": "m", "fetch": { "__proto__": { "retries": 9 } } } } }',
  ])('may not set a prototype: %s', (text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('may not have a million models', async () => {
    const names = Array.from({ length: 1_000_000 }, (_, index) => `"${index.toString(36)}":"x"`);
    const site = await serve((_request, response) => response.end(`{"models":{${names.join(',')}}}`));
    await expect(fetchDocument(`${site.url}models.json`)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(/has 1000000 models, where a document may have 10000/),
    });
  });

  it.each(['"x"', '["x"]', 'null', '5', '[]'])('may have no table: %s', (models) => {
    expect(() => parse(`{ "models": ${models} }`)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });

  it('may have text in the place of a table, as long as it is', async () => {
    const site = await serve((_request, response) => response.end(`{"models":"${long}"}`));
    const error: unknown = await fetchDocument(`${site.url}models.json`).catch((cause) => cause);
    expect(error).toMatchObject({ code: 'invalid-argument' });
    expect(String(error).length).toBeLessThan(1000);
  });

  it('may not name as many files as it likes for a model', () => {
    const parts = new Array(4098).fill('"m"').join(',');
    expect(() => parse(`{ "models": { "m": { "parts": [${parts}] } } }`)).toThrow('4098 parts, more than 4097');
  });

  it.each(['[', '{"a":', '{"models":{"m":{"parts":['])('may be nested as deeply as it is long: %s', async (nesting) => {
    const site = await serve((_request, response) => response.end(nesting.repeat(2_000_000 / nesting.length)));
    await expect(fetchDocument(`${site.url}models.json`)).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('may be nested deeply and be whole', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    expect(() => parse(`{ "models": { "m": ${deep} } }`)).toThrow('is a list, not an object');
  });

  it('may not go on without end', async () => {
    const piece = Buffer.alloc(1 << 20, ' ');
    const site = await serve((_request, response) => {
      const send = () => {
        if (!response.destroyed) response.write(piece, send);
      };
      send();
    });
    await expect(fetchDocument(`${site.url}models.json`)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('may not dribble', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      let isGone = false;
      const site = await serve((_request, response) => {
        response.once('close', () => {
          isGone = true;
        });
        response.write('{');
      });
      const failure = expect(fetchDocument(`${site.url}models.json`)).rejects.toMatchObject({
        code: 'runtime-error',
        message: expect.stringContaining('brought nothing for 30000 ms'),
      });
      while (!isGone) {
        await new Promise((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(1000);
      }
      await failure;
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(['m', long])('shows no more of a URL than a reader wants', async (path) => {
    const site = await serve((_request, response) => response.writeHead(404).end());
    const { models } = openTestModels({ m: `${site.url}${path}` }, base);
    const error: unknown = await models.open('m').catch((cause) => cause);
    expect(String(error).length).toBeLessThan(1000);
  });
});
