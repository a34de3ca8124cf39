import 'fake-indexeddb/auto';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:net';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, vi } from 'vitest';
import type { ServedFile } from './file-server.fixture.js';
import { type FileSite, startFileSite, startTestServer, type TestServer } from './models.fixture.js';

export interface TestServers {
  /** Serves a file. */
  serveFile(file: ServedFile): Promise<FileSite>;
  serve(answer: RequestListener): Promise<TestServer>;
  /** A server that answers each connection with exactly these lines and closes it. @returns the URL of a file */
  serveRaw(...lines: string[]): Promise<string>;
  /** Has a server listen. @returns the URL of a file on it */
  listen(server: Server): Promise<string>;
  /** Has something stopped after the test. */
  onEnd(stop: () => void): void;
}

/** Gives each test of a file an empty cache, and servers that end with the test. Mocks and stubs end with it too. */
export function useTestServers(): TestServers {
  const stops: (() => void)[] = [];

  function stopLater<Started extends { stop(): void }>(started: Started): Started {
    stops.push(started.stop);
    return started;
  }

  beforeEach(() => {
    globalThis.indexedDB = new IDBFactory();
  });

  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    for (const stop of stops.splice(0)) stop();
  });

  async function listen(server: Server): Promise<string> {
    stops.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return `http://127.0.0.1:${address.port}/model.bin`;
  }

  return {
    listen,
    serveRaw: (...lines) => listen(createServer((socket) => socket.once('data', () => socket.end(lines.join('\r\n'))))),
    serveFile: async (file) => stopLater(await startFileSite(file)),
    serve: async (answer) => stopLater(await startTestServer(answer)),
    onEnd: (stop) => stops.push(stop),
  };
}
