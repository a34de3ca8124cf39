import 'fake-indexeddb/auto';
import type { RequestListener } from 'node:http';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, vi } from 'vitest';
import type { ServedFile } from './file-server.fixture.js';
import { type FileSite, startFileSite, startTestServer, type TestServer } from './models.fixture.js';

export interface TestServers {
  /** Serves a file. */
  serveFile(file: ServedFile): Promise<FileSite>;
  serve(answer: RequestListener): Promise<TestServer>;
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

  return {
    serveFile: async (file) => stopLater(await startFileSite(file)),
    serve: async (answer) => stopLater(await startTestServer(answer)),
    onEnd: (stop) => stops.push(stop),
  };
}
