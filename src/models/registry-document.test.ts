import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WasiNNError } from '../standard/error.js';
import { startTestServer } from './models.fixture.js';
import { fetchDocument, parseDocument } from './registry-document.js';

const stops: (() => void)[] = [];

afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function serve(answer: Parameters<typeof startTestServer>[0]): Promise<string> {
  const { url, stop } = await startTestServer(answer);
  stops.push(stop);
  return url;
}

const base = 'https://models.example/registry/models.json';

function errorOf(document: unknown): WasiNNError {
  try {
    parseDocument(document, base);
  } catch (cause) {
    return cause as WasiNNError;
  }
  throw new Error('the document was accepted');
}

describe('parseDocument', () => {
  it('resolves URLs against its own', () => {
    const document = { models: { m: 'm.onnx', n: { parts: ['/n.onnx', { url: '../n.bin', size: 5 }] } } };
    const entries = parseDocument(document, base);
    expect(entries.get('m')?.sources).toMatchObject([{ urls: ['https://models.example/registry/m.onnx'] }]);
    expect(entries.get('n')?.sources).toMatchObject([
      { urls: ['https://models.example/n.onnx'] },
      { urls: ['https://models.example/n.bin'], size: 5 },
    ]);
  });

  it('may name its schema, and have any names', () => {
    const document: unknown = JSON.parse(
      '{ "$schema": "s.json", "models": { "__proto__": "a", "模型": "b", "": "c" } }',
    );
    expect([...parseDocument(document, base).keys()]).toEqual(['__proto__', '模型', '']);
  });

  it.each([
    [null, 'has no "models"'],
    [[], 'has no "models"'],
    [{ m: 'm.onnx' }, 'has no "models"'],
    [{ models: [] }, 'expected names'],
    [{ models: 'm' }, 'expected names'],
    [{ models: {}, version: 1 }, 'has "version"; known are models and $schema'],
    [{ models: { m: { url: 'm', extra: 1 } } }, 'entry "m": it has "extra"'],
    [{ models: { m: { data: [1, 2] } } }, 'entry "m": the data of it is a list'],
  ])('refuses %j', (document, reason) => {
    const error = errorOf(document);
    expect(error).toMatchObject({ name: 'WasiNNError', code: 'invalid-argument' });
    expect(error.message).toMatch(/^models: /);
    expect(error.message).toContain(reason);
  });
});

describe('fetchDocument', () => {
  it('fetches the document each time', async () => {
    const caching: (string | undefined)[] = [];
    const url = await serve(({ headers }, response) => {
      caching.push(headers['cache-control']);
      response.end('{ "models": { "m": "m.onnx" } }');
    });
    expect((await fetchDocument(`${url}models.json`)).get('m')?.sources).toMatchObject([{ urls: [`${url}m.onnx`] }]);
  });

  it.each([
    [404, 'not-found'],
    [410, 'not-found'],
    [500, 'runtime-error'],
    [403, 'runtime-error'],
  ])('fails where the server answers %d', async (status, code) => {
    const url = await serve((_request, response) => response.writeHead(status).end('{ "models": {} }'));
    await expect(fetchDocument(url)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${url} answered ${status}`),
    });
  });

  it('fails for what is no JSON', async () => {
    const url = await serve((_request, response) => response.end('<!doctype html>'));
    await expect(fetchDocument(url)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^models: http.+ is no JSON \(.+\)$/),
    });
  });

  it('fails for what is too long', async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc((16 << 20) + 1, ' ')));
    await expect(fetchDocument(url)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('fails where the connection breaks', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{ "models"', () => response.socket?.end());
    });
    await expect(fetchDocument(url)).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'runtime-error',
      message: expect.stringContaining('could not be read'),
    });
  });

  it('fails where nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    await new Promise((resolve) => server.close(resolve));
    await expect(fetchDocument(`http://127.0.0.1:${port}/models.json`)).rejects.toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('check the network'),
    });
  });
});

describe('a document that does not come in time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('ends after 30 s where the server accepts the connection and never answers', async () => {
    let isAsked = false;
    const server = createServer((socket) => {
      socket.once('data', () => {
        isAsked = true;
      });
      stops.push(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stops.push(() => server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/models.json`;
    const failure = expect(fetchDocument(url)).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'runtime-error',
      message: `models: ${url} could not be read (${url} brought nothing for 30000 ms: try again): check the network and its CORS headers`,
    });
    while (!isAsked) await turn();
    vi.advanceTimersByTime(30_000);
    await failure;
  });

  it('ends after 120 s where the server sends without end, however steadily', async () => {
    let isGone = false;
    let asked = 0;
    const url = await serve((_request, response) => {
      asked++;
      response.once('close', () => {
        isGone = true;
      });
      const send = () => {
        if (isGone) return;
        vi.advanceTimersByTime(1000);
        response.write(Buffer.alloc(4096, ' '), () => setImmediate(send));
      };
      send();
    });
    await expect(fetchDocument(url)).rejects.toMatchObject({
      name: 'WasiNNError',
      code: 'runtime-error',
      message: `models: ${url} did not come within 120000 ms: serve the document faster, or register the models from code`,
    });
    expect(asked).toBe(1);
    while (!isGone) await turn();
  });

  it('leaves no timer behind where it comes', async () => {
    const url = await serve((_request, response) => response.end('{ "models": {} }'));
    await fetchDocument(url);
    expect(vi.getTimerCount()).toBe(0);
  });
});
