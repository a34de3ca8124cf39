import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import {
  type Fault,
  patternBytes,
  type ServedFile,
  type ServedRequest,
  serveFile,
} from '../src/models/file-server.fixture.js';
import { runIn, type Tab } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { type PlainModel, preload, sha256Of, whole } from './loader-page.js';
import { writeModel } from './onnx-model.js';
import type { Site } from './site.js';
import { computeNamed, type Damage, loadUrl, preloadAround, tamper } from './storage-page.js';

// Models stay loadable whatever happens to the browser's storage, and a guest gets none that the page does not allow.

const chunkBytes = 4 << 20;
const bytes = patternBytes(2 * chunkBytes + 1000);
const digits = readFileSync('public/models/digits.onnx');

interface Served {
  readonly requests: ServedRequest[];
  readonly url: string;
}

function serve(site: Site, path: string, file: ServedFile): Served {
  const { requests, handle } = serveFile(file);
  site.answer(path, handle);
  return { requests, url: `${site.origin}${path}` };
}

const statuses = ({ requests }: Served) => requests.map(({ status }) => status);

test.beforeEach(({ tab, site }) => tab.open(`${site.origin}/blank.html`));

test('a file in the cache whose bytes have changed is fetched again, as its digest shows', async ({ tab, site }) => {
  const served = serve(site, '/model.bin', { bytes });
  const model: PlainModel = { url: served.url, sha256: sha256Of(bytes) };
  expect(await preload(tab, model)).toMatchObject({ notices: [], stored: [whole(bytes)] });
  await runIn(tab, tamper, 'chunk');
  await tab.open(`${site.origin}/blank.html`);
  expect(await preload(tab, model)).toMatchObject({ notices: ['damaged'], stored: [whole(bytes)] });
  expect(await preload(tab, model)).toMatchObject({ notices: [], stored: [whole(bytes)] });
  expect(statuses(served)).toEqual([200, 200]);
});

const damages: readonly [what: string, damage: Damage][] = [
  ['deleted', 'delete'],
  ['replaced by one without stores', 'replace'],
  ['filled with records that are none', 'record'],
];

for (const [what, damage] of damages) {
  test(`a database that is ${what} under a running page is used again`, async ({ tab, site }) => {
    const served = serve(site, '/model.bin', { bytes, etag: '"1"' });
    const other = serve(site, '/other.bin', { bytes: bytes.subarray(0, 1000), etag: '"2"' });
    const urls = { model: served.url, other: other.url };
    expect(await runIn(tab, preloadAround, { urls, damage })).toEqual({
      before: { model: 'whole' },
      after: { model: 'whole', other: 'whole' },
    });
    expect(served.requests).toHaveLength(2);
  });
}

test('a database that is deleted while a model is on its way is used again', async ({ tab, site }) => {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const pause: Fault = { kind: 'pause', after: 6 << 20, until };
  const served = serve(site, '/model.bin', { bytes, faults: [pause] });
  site.answer('/deleted', (_request, response) => {
    release();
    response.end();
  });
  expect(await runIn(tab, preloadAround, { urls: { model: served.url }, damage: 'delete-meanwhile' })).toEqual({
    before: { model: 'whole' },
    after: { model: 'whole' },
  });
  expect(statuses(served)).toEqual([200, 200]);
});

/** Loads a URL of a site that redirects, where `/allowed/*` of both sites is allowed. */
async function follow(tab: Tab, from: Site, sites: readonly Site[], location: string) {
  // A URL that was never asked for, so that nothing of it is kept.
  const path = `/allowed/${randomUUID()}.onnx`;
  from.answer(path, (_request, response) => response.writeHead(302, { location }).end());
  const allowedUrls = sites.map(({ origin }) => `${origin}/allowed/*`);
  return runIn(tab, loadUrl, { name: from.origin + path, allowedUrls });
}

/** Serves a model that is allowed and one that is not. @returns the requests for them */
function serveModels(sites: readonly Site[]): IncomingMessage[] {
  const seen: IncomingMessage[] = [];
  for (const site of sites) {
    for (const path of ['/allowed/digits.onnx', '/secret/digits.onnx']) {
      site.answer(path, (request, response) => {
        seen.push(request);
        response.setHeader('Content-Type', 'application/octet-stream').end(digits);
      });
    }
  }
  return seen;
}

test('a URL that a guest has given leads to what is allowed, and to nothing else', async ({ tab, site, otherSite }) => {
  await tab.evaluate("(document.cookie = 'visitor=1', Promise.resolve(''))");
  const sites = [site, otherSite];
  const refused = { code: 'security', message: expect.stringContaining('redirects') };
  let seen: IncomingMessage[] = [];
  const step = (title: string, check: () => Promise<void>) =>
    test.step(title, () => {
      seen = serveModels(sites);
      return check();
    });

  await step('it may redirect within the origin of the page, to what is allowed, without cookies', async () => {
    expect(await follow(tab, site, sites, '/allowed/digits.onnx')).toEqual({ device: 'cpu' });
    expect(seen.map(({ url, headers }) => [url, headers.cookie])).toEqual([['/allowed/digits.onnx', undefined]]);
  });

  await step('it may not redirect to what is not allowed', async () => {
    expect(await follow(tab, site, sites, '/secret/digits.onnx')).toMatchObject(refused);
    expect(seen.map(({ headers }) => headers.cookie)).toEqual([undefined]);
  });

  await step('it may not redirect to another origin, which is asked for nothing', async () => {
    for (const location of [
      `${otherSite.origin}/secret/digits.onnx`,
      `${otherSite.origin}/allowed/digits.onnx`,
      'data:application/octet-stream,x',
    ]) {
      expect(await follow(tab, site, sites, location), location).toMatchObject(refused);
    }
    expect(seen).toEqual([]);
  });

  await step('of another origin it may not redirect, and nothing more is asked for', async () => {
    for (const location of ['/allowed/digits.onnx', '/secret/digits.onnx', `${site.origin}/secret/digits.onnx`]) {
      expect(await follow(tab, otherSite, sites, location), location).toMatchObject(refused);
    }
    expect(seen).toEqual([]);
  });

  for (const path of [
    '/allowed/..%2fsecret/digits.onnx',
    '/allowed/..%5csecret/digits.onnx',
    '/allowed/digits.onnx#',
  ]) {
    await step(`it may not be ${path}`, async () => {
      const allowedUrls = [`${site.origin}/allowed/*`];
      expect(await runIn(tab, loadUrl, { name: site.origin + path, allowedUrls })).toMatchObject({
        code: 'security',
        message: expect.stringContaining('does not allow'),
      });
      expect(seen).toEqual([]);
    });
  }
});

test('inputs and outputs may be named __proto__, and typed arrays may be of an iframe', async ({ tab }) => {
  const model = writeModel({
    operator: 'Identity',
    inputs: [{ name: 'constructor', type: 'FP32', shape: [2] }],
    output: { name: '__proto__', type: 'FP32', shape: [2] },
  });
  const back = writeModel({
    operator: 'Identity',
    inputs: [{ name: '__proto__', type: 'FP32', shape: [2] }],
    output: { name: 'constructor', type: 'FP32', shape: [2] },
  });
  expect(await runIn(tab, computeNamed, [[...model], [...back]])).toEqual([
    ['__proto__', [1.5, -2]],
    ['constructor', [1.5, -2]],
  ]);
});
