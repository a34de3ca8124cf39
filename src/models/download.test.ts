import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ErrorCode, WasiNNError } from '../standard/error.js';
import { download, type Progress } from './download.js';

const stops: (() => void)[] = [];

afterEach(() => {
  vi.unstubAllGlobals();
  for (const stop of stops.splice(0)) stop();
});

/** @returns the URL of a model there */
async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}/model.onnx`;
}

function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  stops.push(() => server.close().closeAllConnections());
  return listen(server);
}

/** A server that sends exactly this and closes the connection, in order or not. */
function serveRaw(...lines: string[]): Promise<string> {
  const server = createTcpServer((socket) => socket.once('data', () => socket.end(lines.join('\r\n'))));
  stops.push(() => server.close());
  return listen(server);
}

const model = (length: number) => Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff);

async function failureOf(url: string): Promise<WasiNNError> {
  const failure: unknown = await download(url).catch((cause: unknown) => cause);
  if (failure instanceof WasiNNError) return failure;
  throw new Error('no WasiNNError came', { cause: failure });
}

describe('download', () => {
  it.each([0, 1, 1000, 3 << 20])('fetches a model of %d bytes whose length is told', async (length) => {
    const expected = model(length);
    const url = await serve((_request, response) => {
      response.setHeader('content-length', length);
      response.end(expected);
    });
    const progress: Progress[] = [];
    const bytes = await download(url, { onProgress: (step) => progress.push(step) });

    expect(bytes.byteLength).toBe(length);
    expect(Buffer.compare(bytes, expected)).toBe(0);
    expect(bytes.buffer.byteLength).toBe(length);
    if (length > 0) expect(progress.at(-1)).toEqual({ loaded: length, total: length });
    expect(progress.every(({ total }) => total === length)).toBe(true);
    expectGrowing(progress);
  });

  it('fetches chunks without a length, and tells only how much came', async () => {
    const chunks = [model(100), model(2 << 20), model(1), model(5000)];
    const url = await serve((_request, response) => {
      for (const chunk of chunks) response.write(chunk);
      response.end();
    });
    const progress: Progress[] = [];
    const bytes = await download(url, { onProgress: (step) => progress.push(step) });

    expect(Buffer.compare(bytes, Buffer.concat(chunks))).toBe(0);
    expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
    expect(progress.at(-1)).toEqual({ loaded: bytes.byteLength });
    expect(progress.some((step) => 'total' in step)).toBe(false);
    expectGrowing(progress);
  });

  it('fetches a gzip-compressed model, whose content-length is of no use', async () => {
    const expected = new Uint8Array(200_000).fill(7);
    const url = await serve((_request, response) => {
      const compressed = gzipSync(expected);
      response.setHeader('content-encoding', 'gzip');
      response.setHeader('content-length', compressed.byteLength);
      response.end(compressed);
    });
    const progress: Progress[] = [];
    const bytes = await download(url, { onProgress: (step) => progress.push(step) });
    expect(Buffer.compare(bytes, expected)).toBe(0);
    expect(progress.at(-1)).toEqual({ loaded: 200_000 });
  });

  it('fetches a compressed model of another origin, which does not show its content-encoding', async () => {
    const expected = model(500);
    vi.stubGlobal('fetch', async () => new Response(expected, { headers: { 'content-length': '80' } }));
    const progress: Progress[] = [];
    const onProgress = (step: Progress) => progress.push(step);
    expect(await download('https://cdn.example/model.onnx', { onProgress })).toEqual(expected);
    expect(progress.at(-1)).toEqual({ loaded: 500 });
  });

  it('follows redirects', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/elsewhere') response.end('there');
      else response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(new TextDecoder().decode(await download(url))).toBe('there');
  });

  it('needs no listener', async () => {
    const url = await serve((_request, response) => response.end(model(10)));
    expect(await download(url)).toEqual(model(10));
  });

  it('takes a text/plain model: only HTML is surely none', async () => {
    const url = await serve((_request, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('x'));
    expect((await download(url)).byteLength).toBe(1);
  });
});

function expectGrowing(progress: readonly Progress[]): void {
  const loaded = progress.map((step) => step.loaded);
  expect(loaded).toEqual([...new Set(loaded)].sort((a, b) => a - b));
}

describe('download fails', () => {
  it.each([
    [404, 'not-found', 'Not Found'],
    [410, 'not-found', 'Gone'],
    [401, 'security', 'Unauthorized'],
    [403, 'security', 'Forbidden'],
    [400, 'runtime-error', 'Bad Request'],
    [500, 'runtime-error', 'Internal Server Error'],
    [503, 'runtime-error', 'Service Unavailable'],
  ] satisfies [number, ErrorCode, string][])('with status %d as %s', async (status, code, text) => {
    const url = await serve((_request, response) => response.writeHead(status).end('<h1>sorry</h1>'));
    const error = await failureOf(url);
    expect(error.code).toBe(code);
    expect(error.message).toBe(`${url} answered ${status} ${text}`);
  });

  it.each(['text/html', 'text/html; charset=utf-8', 'TEXT/HTML'])('for a page of type %s with 200', async (type) => {
    const url = await serve((_request, response) => response.writeHead(200, { 'content-type': type }).end('<html>'));
    const error = await failureOf(url);
    expect(error.code).toBe('invalid-encoding');
    expect(error.message).toBe(`${url} answered an HTML page, not a model: check the URL`);
  });

  it('with the bytes so far, where the connection breaks', async () => {
    const url = await serve((_request, response) => {
      response.write(model(100), () => response.destroy());
    });
    const error = await failureOf(url);
    expect(error.code).toBe('runtime-error');
    expect(error.message).toMatch(/model\.onnx broke off after 100 bytes \(.+\): try again$/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('where less comes than the content-length told', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK', 'content-length: 100', 'connection: close', '', 'only this');
    const error = await failureOf(url);
    expect(error.code).toBe('runtime-error');
    expect(error.message).toMatch(/(broke off after 9 bytes|ended after 9 of 100 bytes).*: try again$/);
  });

  it('where less comes than the content-length told, and the browser does not mind', async () => {
    vi.stubGlobal('fetch', async () => new Response('only this', { headers: { 'content-length': '100' } }));
    const error = await failureOf('https://cdn.example/model.onnx');
    expect(error.code).toBe('runtime-error');
    expect(error.message).toBe('https://cdn.example/model.onnx ended after 9 of 100 bytes: try again');
  });

  it('where the told length fits no memory', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK', `content-length: ${2 ** 50}`, 'connection: close', '', 'x');
    const error = await failureOf(url);
    expect(error.code).toBe('too-large');
    expect(error.message).toContain(String(2 ** 50));
  });

  it('where nobody listens', async () => {
    const server = createServer();
    const url = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await failureOf(url);
    expect(error.code).toBe('runtime-error');
    expect(error.message).toMatch(/model\.onnx could not be reached \(.+\): check the network and.*CORS/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it('where the answer is no HTTP', async () => {
    expect(await failureOf(await serveRaw('hello'))).toMatchObject({
      code: 'runtime-error',
      message: expect.stringContaining('could not be reached'),
    });
  });
});

describe('a content-length shorter than the body', () => {
  it('ends the model there, as HTTP has it', async () => {
    const url = await serveRaw('HTTP/1.1 200 OK', 'content-length: 4', 'connection: close', '', 'modelAndMore');
    expect(new TextDecoder().decode(await download(url))).toBe('mode');
  });
});
