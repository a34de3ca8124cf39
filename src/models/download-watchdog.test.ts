import 'fake-indexeddb/auto';
import type { ServerResponse } from 'node:http';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelFetchOptions } from './model-options.js';
import { openTestModels, startTestServer } from './models.fixture.js';

const stops: (() => void)[] = [];

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

describe('a download that dribbles', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** A server that answers as the test tells it to: each connection is a response that is under way. */
  async function serveByHand() {
    const responses: ServerResponse[] = [];
    const site = await startTestServer((_request, response) => {
      response.setHeader('etag', '"1"').flushHeaders();
      responses.push(response);
    });
    stops.push(site.stop);
    return { url: site.url, responses };
  }

  /** Sends so many bytes every few seconds until the client has gone. @returns how often it did */
  async function dribble(response: ServerResponse, bytes: number, seconds: number, times: number): Promise<number> {
    let isClosed = false;
    response.once('close', () => {
      isClosed = true;
    });
    for (let sent = 0; sent < times; sent++) {
      vi.advanceTimersByTime(seconds * 1000);
      const before = progress.length;
      response.write(new Uint8Array(bytes));
      while (progress.length === before && !isClosed) await turn();
      // What took the bytes goes on waiting for more.
      for (let wait = 0; wait < 5; wait++) await turn();
      if (isClosed) return sent;
    }
    return times;
  }

  let progress: readonly unknown[] = [];

  async function start(fetch: ModelFetchOptions) {
    const site = await serveByHand();
    const entry = { url: site.url, fetch: { retries: 0, ...fetch } };
    const opened = openTestModels({ m: entry }, site.url);
    progress = opened.progress;
    const ending = opened.models.open('m').then(
      ({ parts }) => parts[0]?.byteLength,
      (cause) => String(cause),
    );
    while (progress.length === 0) await turn();
    for (let wait = 0; wait < 5; wait++) await turn();
    const [response] = site.responses;
    if (!response) throw new Error('nothing was asked for');
    return { ...site, response, ending };
  }

  it('is ended, though it never stalls', async () => {
    const { response, ending } = await start({});
    expect(await dribble(response, 1, 29, 5)).toBeLessThanOrEqual(2);
    expect(await ending).toContain(
      'brought 2 bytes in 58000 ms, less than 1024 a second (fetch.minimumRate): try again',
    );
  });

  it('goes on where it is just fast enough', async () => {
    const { response, ending } = await start({});
    expect(await dribble(response, 10 * 1024, 10, 12)).toBe(12);
    response.end();
    expect(await ending).toBe(120 * 1024);
  });

  it('is judged by its last seconds, not by how it began', async () => {
    const { response, ending } = await start({});
    await dribble(response, 1 << 20, 1, 1);
    expect(await dribble(response, 1, 10, 20)).toBeLessThan(7);
    expect(await ending).toContain('bytes in 30000 ms, less than 1024 a second');
  });

  it('is judged by the rate and over the time that the registry says', async () => {
    const { response, ending } = await start({ stallTimeout: 5000, minimumRate: 10 });
    expect(await dribble(response, 11, 1, 20)).toBe(20);
    expect(await dribble(response, 9, 1, 20)).toBeLessThan(12);
    expect(await ending).toContain('less than 10 a second');
  });

  it('goes on where the registry asks for no rate', async () => {
    const { response, ending } = await start({ minimumRate: 0 });
    expect(await dribble(response, 1, 29, 10)).toBe(10);
    response.end();
    expect(await ending).toBe(10);
  });

  it('is asked for again, and ends after as many tries as it may make', async () => {
    const { responses, ending } = await start({ retries: 2 });
    for (let tries = 1; tries <= 3; tries++) {
      while (responses.length < tries) await turn();
      for (let wait = 0; wait < 5; wait++) await turn();
      const response = responses[tries - 1];
      if (response) await dribble(response, 1, 29, 5);
    }
    expect(await ending).toContain('fetch.minimumRate');
    expect(responses).toHaveLength(3);
  });
});
