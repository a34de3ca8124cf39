import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import sirv from 'sirv';
import { isolationHeaders } from '../vite.config.js';
import { fixtures } from './fixture-data.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server of one test, on a port of its own. */
export interface Site {
  readonly origin: string;
  /** The paths that were asked for, in order. */
  readonly requests: string[];
  /** Answers a path in another way from now on. */
  answer(path: string, handler: Handler): void;
  /** Answers every path that no folder is served under, in place of the demo. */
  fallBack(handler: Handler): void;
  /** Forgets all requests and answers, and ends all connections. */
  reset(): void;
  close(): Promise<void>;
}

export interface SiteOptions {
  /** Whether pages are cross-origin isolated. Default: yes. */
  readonly isolated?: boolean;
}

const root = path.resolve(import.meta.dirname, '..');

/**
 * Below this, a process that many tests share asks for what is served, while a test may already have set answers. The test does
 * not see these requests, and its answers are not given.
 */
export const forAllTests = '/for-all-tests/';

/** What is served where; the first that has the file answers. */
const folders: readonly (readonly [prefix: string, folder: string])[] = [
  ['/lib/', path.join(root, 'dist/standalone')],
  ['/unchecked/', path.join(root, 'build/unchecked')],
  ['/bench/', path.join(root, 'build/bench')],
  ['/guests/', path.join(root, 'guests')],
  ['/models/', path.join(root, 'public/models')],
  ['/fixtures/', fixtures ?? path.join(root, 'no-fixtures')],
];

export async function startSite({ isolated = true }: SiteOptions = {}): Promise<Site> {
  const requests: string[] = [];
  const answers = new Map<string, Handler>();
  const demo = sirv(path.join(root, 'build/demo'), { dev: true });
  let fallBack: Handler = demo;
  const statics = folders.map(([prefix, folder]) => [prefix, sirv(folder, { dev: true })] as const);

  const server = createServer((request, response) => {
    const { pathname: asked } = new URL(request.url ?? '/', 'http://localhost');
    const isOfTest = !asked.startsWith(forAllTests);
    const pathname = isOfTest ? asked : asked.slice(forAllTests.length - 1);
    if (isOfTest) requests.push(pathname);
    setHeaders(response, isolated);
    const answer = isOfTest ? answers.get(pathname) : undefined;
    if (answer) return answer(request, response);
    if (pathname === '/blank.html') return blank(request, response);
    const runtime =
      pathname.startsWith('/lib/') && pathname.endsWith('.wasm') ? readRuntime(pathname.slice(5)) : undefined;
    if (runtime) return response.writeHead(200, { 'Content-Type': 'application/wasm' }).end(runtime);
    const [prefix, serve] = statics.find(([start]) => pathname.startsWith(start)) ?? [];
    if (!prefix || !serve) return fallBack(request, response);
    request.url = pathname.slice(prefix.length - 1);
    serve(request, response, () => notFound(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test server has no port');

  return {
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    answer: (pathname, handler) => answers.set(pathname, handler),
    fallBack(handler) {
      fallBack = handler;
    },
    reset() {
      server.closeAllConnections();
      requests.length = 0;
      answers.clear();
      fallBack = demo;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const runtimes = new Map<string, Buffer>();

/**
 * Reads a WebAssembly module of the library, once for all sites. Almost every test asks for one of 15 MB, which takes four times
 * the processor time where a stream reads it piece by piece.
 */
function readRuntime(name: string): Buffer | undefined {
  const file = path.join(root, 'dist/standalone', name);
  if (!runtimes.has(name) && existsSync(file)) runtimes.set(name, readFileSync(file));
  return runtimes.get(name);
}

function setHeaders(response: ServerResponse, isolated: boolean): void {
  response.setHeader('Access-Control-Allow-Origin', '*');
  response.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  if (!isolated) return;
  for (const [name, value] of Object.entries(isolationHeaders)) response.setHeader(name, value);
}

const blank: Handler = (_request, response) => {
  response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>blank</title>');
};

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found');
}
