import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type Fault,
  patternBytes,
  type ServedFile,
  type ServedRequest,
  serveFile,
} from '../src/models/file-server.fixture.js';
import { expect, test } from './browsers/test.js';
import { type PlainModel, preload, type StoredModel, sha256Of, whole } from './loader-page.js';
import type { Site } from './site.js';

// Models are fetched and kept in the same way in every browser, whatever the server does.

const chunkBytes = 4 << 20;
const bytes = patternBytes(2 * chunkBytes + 1000);
const newer = patternBytes(bytes.byteLength, 2);
const total = bytes.byteLength;
const middle = 6 << 20;

interface Served {
  readonly file: ServedFile;
  readonly requests: ServedRequest[];
  readonly url: string;
}

function serve(site: Site, { faults = [], ...rest }: ServedFile): Served {
  const file = { ...rest, faults: faults.map((fault) => afterReport(site, fault)) };
  const { requests, handle } = serveFile(file);
  site.answer('/model.bin', handle);
  return { file, requests, url: `${site.origin}/model.bin` };
}

/** A connection breaks when the page has read what was sent: WebKit drops what is on its way then. */
function afterReport(site: Site, fault: Fault | undefined): Fault | undefined {
  if (fault?.kind !== 'cut') return fault;
  const until = new Promise<void>((resolve) => {
    site.answer('/came', (_request, response) => {
      resolve();
      response.end();
    });
  });
  return { ...fault, until };
}

const statuses = ({ requests }: Served) => requests.map(({ status }) => status);

test.beforeEach(({ tab, site }) => tab.open(`${site.origin}/blank.html`));

interface FaultCase {
  readonly what: string;
  readonly file?: Partial<ServedFile>;
  readonly model?: Partial<PlainModel>;
  readonly statuses: readonly number[];
  /** The bytes that are kept in the end; `bytes` where it is left out. */
  readonly kept?: readonly StoredModel[];
  readonly error?: { readonly code: string; readonly text: RegExp };
}

const cut: Fault = { kind: 'cut', after: middle };
const page: Fault = { kind: 'page', contentType: 'application/octet-stream' };
const once: Partial<PlainModel> = { fetch: { retries: 0 } };

const cases: readonly FaultCase[] = [
  { what: 'is in order', statuses: [200] },
  { what: 'sends no length', file: { sendsLength: false }, statuses: [200] },
  { what: 'cuts the connection', file: { etag: '"1"', faults: [cut] }, statuses: [200, 206] },
  {
    what: 'cuts the connection at the end of a chunk',
    file: { etag: '"1"', faults: [{ kind: 'cut', after: chunkBytes }] },
    statuses: [200, 206],
  },
  { what: 'cuts it, and has no parts', file: { etag: '"1"', ranges: false, faults: [cut] }, statuses: [200, 200] },
  { what: 'cuts it, and sends no version', file: { faults: [cut] }, statuses: [200, 200] },
  {
    what: 'cuts it, and sends no version, but the digest is known',
    file: { faults: [cut] },
    model: { sha256: sha256Of(bytes) },
    statuses: [200, 206],
  },
  {
    what: 'is down for a moment',
    file: {
      faults: [
        { kind: 'status', status: 500 },
        { kind: 'status', status: 503, headers: { 'Retry-After': '0' } },
      ],
    },
    statuses: [500, 503, 200],
  },
  {
    what: 'has no such file',
    file: { faults: [{ kind: 'status', status: 404 }] },
    statuses: [404],
    kept: [],
    error: { code: 'not-found', text: /model\.bin answered 404/ },
  },
  {
    what: 'gives a page in its place',
    file: { faults: [page] },
    statuses: [200],
    kept: [],
    error: { code: 'invalid-encoding', text: /an HTML page, not a model/ },
  },
  {
    what: 'gives a file of another digest',
    model: { sha256: '0'.repeat(64) },
    statuses: [200],
    kept: [],
    error: { code: 'security', text: new RegExp(`digest ${sha256Of(bytes)}, not the 0{64}`) },
  },
  {
    what: 'gives a file of another size',
    model: { size: total + 1 },
    statuses: [200],
    kept: [],
    error: { code: 'runtime-error', text: new RegExp(`${total} bytes, not the ${total + 1}`) },
  },
  {
    what: 'cuts the connection too often',
    file: { etag: '"1"', faults: [cut] },
    model: once,
    statuses: [200],
    kept: [{ complete: false, received: chunkBytes, sha256: sha256Of(bytes.subarray(0, chunkBytes)) }],
    error: { code: 'runtime-error', text: /broke off|ended after/ },
  },
];

for (const { what, file, model, statuses: expected, kept = [whole(bytes)], error } of cases) {
  test(`a server that ${what}`, async ({ tab, site }) => {
    const served = serve(site, { bytes, ...file });
    const [fault] = file?.faults ?? [];
    const cutAt = fault?.kind === 'cut' ? fault.after : undefined;
    const ending = await preload(tab, { url: served.url, ...model }, cutAt);
    expect(ending.error?.code).toBe(error?.code);
    expect(ending.error?.message ?? '').toMatch(error?.text ?? /^$/);
    expect(ending.stored).toEqual(kept);
    expect(statuses(served)).toEqual(expected);
    if (expected.includes(206)) {
      expect(served.requests[1]).toMatchObject({ range: `bytes=${cutAt}-`, sent: total - (cutAt ?? 0) });
    }
  });
}

test('a server that stalls', async ({ tab, site }) => {
  const served = serve(site, { bytes, etag: '"1"', faults: [{ kind: 'stall', after: middle }] });
  const { error, stored } = await preload(tab, { url: served.url, fetch: { stallTimeout: 2000, retries: 9 } });
  expect(error).toBeUndefined();
  expect(stored).toEqual([whole(bytes)]);
  expect(served.requests.slice(1).map(({ range }) => range)).toContainEqual(`bytes=${middle}-`);
});

test('a server that is slow', async ({ tab, site }) => {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const served = serve(site, { bytes, faults: [{ kind: 'pause', after: 1000, until }] });
  const preloading = preload(tab, { url: served.url });
  await expect.poll(() => served.requests[0]?.sent).toBe(1000);
  release();
  expect(await preloading).toMatchObject({ stored: [whole(bytes)] });
  expect(served.requests).toHaveLength(1);
});

test('a server that compresses: the total is that of the file', async ({ tab, site }) => {
  const even = new Uint8Array(total).fill(7);
  const served = serve(site, { bytes: even, gzip: true });
  const { stored, progress } = await preload(tab, { url: served.url });
  expect(stored).toEqual([whole(even)]);
  expect(new Set(progress.map((step) => step.total))).toEqual(new Set([total]));
});

test('a server that sends elsewhere', async ({ tab, site }) => {
  const served = serve(site, { bytes });
  site.answer('/moved.bin', (_request, response) => response.writeHead(302, { location: '/model.bin' }).end());
  expect(await preload(tab, { url: '/moved.bin' })).toMatchObject({ stored: [whole(bytes)] });
  expect(statuses(served)).toEqual([200]);
});

test('a server that is asked with headers and cookies, as the registry says', async ({ tab, site }) => {
  const served = serve(site, { bytes: bytes.subarray(0, 1000), etag: '"1"' });
  await tab.evaluate("(document.cookie = 'visitor=1', Promise.resolve(''))");
  for (const credentials of ['include', 'omit'] as const) {
    const fetch = { credentials, headers: { 'X-Key': credentials } };
    expect(await preload(tab, { url: served.url, fetch })).not.toHaveProperty('error');
  }
  expect(served.requests.map(({ headers }) => [headers['x-key'], headers.cookie])).toEqual([
    ['include', 'visitor=1'],
    ['omit', undefined],
  ]);
});

test.describe('on another visit', () => {
  const revisit = async (tab: { open(url: string): Promise<void> }, site: Site) =>
    tab.open(`${site.origin}/blank.html`);

  test('a download goes on from the chunks that are there', async ({ tab, site }) => {
    const served = serve(site, { bytes, etag: '"1"', faults: [cut] });
    expect((await preload(tab, { url: served.url, ...once }, middle)).error).toBeDefined();
    await revisit(tab, site);
    expect(await preload(tab, { url: served.url })).toMatchObject({ stored: [whole(bytes)] });
    expect(served.requests[1]).toMatchObject({
      range: `bytes=${chunkBytes}-`,
      ifRange: '"1"',
      status: 206,
      sent: total - chunkBytes,
    });
  });

  test('a download of a file that has changed starts over', async ({ tab, site }) => {
    const served = serve(site, { bytes, etag: '"1"', faults: [cut] });
    await preload(tab, { url: served.url, ...once }, middle);
    Object.assign(served.file, { bytes: newer, etag: '"2"' });
    await revisit(tab, site);
    expect(await preload(tab, { url: served.url })).toMatchObject({ stored: [whole(newer)] });
    expect(statuses(served)).toEqual([200, 200]);
  });

  test('a file is asked for by its version, and fetched where that has changed', async ({ tab, site }) => {
    const served = serve(site, { bytes, etag: '"1"' });
    await preload(tab, { url: served.url });
    await revisit(tab, site);
    const { progress } = await preload(tab, { url: served.url });
    expect(progress.map(({ phase }) => phase)).toEqual(['cache']);
    Object.assign(served.file, { bytes: newer, etag: '"2"' });
    await revisit(tab, site);
    expect(await preload(tab, { url: served.url })).toMatchObject({ stored: [whole(newer)] });
    expect(statuses(served)).toEqual([200, 304, 200]);
  });

  test('a file with a digest is not asked for', async ({ tab, site }) => {
    const served = serve(site, { bytes });
    for (let visit = 0; visit < 2; visit++) {
      expect(await preload(tab, { url: served.url, sha256: sha256Of(bytes) })).not.toHaveProperty('error');
      await revisit(tab, site);
    }
    expect(statuses(served)).toEqual([200]);
  });

  test('a file is used where its server is down', async ({ tab, site }) => {
    const served = serve(site, { bytes, etag: '"1"' });
    await preload(tab, { url: served.url });
    served.file.faults = [{ kind: 'status', status: 503 }];
    await revisit(tab, site);
    expect(await preload(tab, { url: served.url })).toMatchObject({ stored: [whole(bytes)] });
    expect(statuses(served)).toEqual([200, 503]);
  });
});

test.describe('another origin', () => {
  interface ServedThere extends Served {
    /** The methods of all requests for the model, in order. */
    readonly methods: (string | undefined)[];
  }

  function serveThere(site: Site, otherSite: Site, { faults = [], ...rest }: ServedFile, allow: boolean): ServedThere {
    const file = { ...rest, faults: faults.map((fault) => afterReport(site, fault)) };
    const { requests, handle } = serveFile(file);
    const methods: (string | undefined)[] = [];
    otherSite.answer('/model.bin', (request: IncomingMessage, response: ServerResponse) => {
      methods.push(request.method);
      if (!allow) response.removeHeader('Access-Control-Allow-Origin');
      handle(request, response);
    });
    return { file, requests, methods, url: `${otherSite.origin}/model.bin` };
  }

  test('that does not let itself be read causes an error that names CORS', async ({ tab, site, otherSite }) => {
    const served = serveThere(site, otherSite, { bytes }, false);
    const { error, stored } = await preload(tab, { url: served.url, fetch: { retries: 0 } });
    expect(error).toMatchObject({ code: 'runtime-error', message: expect.stringContaining('CORS headers') });
    expect(stored).toEqual([]);
  });

  test('is asked for the rest of a file, and for its changes, without asking for leave first', async ({
    tab,
    site,
    otherSite,
  }) => {
    const lastModified = 'Sat, 01 Jan 2022 00:00:00 GMT';
    const served = serveThere(site, otherSite, { bytes, lastModified, faults: [cut] }, true);
    expect(await preload(tab, { url: served.url }, middle)).toMatchObject({ stored: [whole(bytes)] });
    expect(statuses(served)).toEqual([200, 206]);
    await tab.open(`${site.origin}/blank.html`);
    const { progress, stored } = await preload(tab, { url: served.url });
    expect(progress.map(({ phase }) => phase)).toEqual(['cache']);
    expect(stored).toEqual([whole(bytes)]);
    expect(served.methods).toEqual(['GET', 'GET', 'GET']);
  });

  test('may compress a file without saying so', async ({ tab, site, otherSite }) => {
    const even = new Uint8Array(total).fill(7);
    const served = serveThere(site, otherSite, { bytes: even, gzip: true }, true);
    const { error, stored } = await preload(tab, { url: served.url, size: total });
    expect(error).toBeUndefined();
    expect(stored).toEqual([whole(even)]);
  });
});
