import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import sirv from 'sirv';
import { fixtures } from '../e2e/fixture-data.js';
import { isolationHeaders } from '../vite.config.js';
import { largeModel } from './large-model.js';
import { peersFolder } from './peers.js';

const root = path.resolve(import.meta.dirname, '..');

/** What is served where. Browsers keep all of it in their HTTP cache, as they would on a site that is well set up. */
const folders: readonly (readonly [prefix: string, folder: string])[] = [
  ['/bench/', path.join(root, 'build/bench')],
  ['/lib/', path.join(root, 'dist/standalone')],
  ['/guests/', path.join(root, 'guests')],
  ['/models/', path.join(root, 'public/models')],
  ['/demo/', path.join(root, 'build/demo')],
  ['/large/', path.dirname(largeModel)],
  ['/peers/', peersFolder],
  ['/fixtures/', fixtures ?? path.join(root, 'no-fixtures')],
];

const slowPath = '/slow/large.onnx';

/** In bytes a second: 400 Mbit/s. */
const slowRate = 50e6;
const slowPiece = 1 << 20;

export interface BenchSite {
  readonly origin: string;
  close(): Promise<void>;
}

/**
 * The server of the benchmark. `/blank.html` is an empty page. `/start/NAME.html` is a page that runs `/bench/NAME.js` and
 * nothing else. `/slow/large.onnx` comes at 400 Mbit/s and is not kept.
 */
export async function startBenchSite(): Promise<BenchSite> {
  const present = folders.filter(([, folder]) => existsSync(folder));
  const statics = present.map(([prefix, folder]) => [prefix, sirv(folder, { maxAge: 86_400 })] as const);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    for (const [name, value] of Object.entries(isolationHeaders)) response.setHeader(name, value);
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    const started = /^\/start\/([\w-]+)\.html$/.exec(pathname)?.[1];
    if (pathname === '/blank.html') sendPage(response, '');
    else if (started) sendPage(response, `<script type="module" src="/bench/${started}.js"></script>`);
    else if (pathname === slowPath) sendSlowly(response).catch(() => response.destroy());
    else serve(request, response, pathname, statics);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server of the benchmark has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

type Statics = readonly (readonly [prefix: string, serve: ReturnType<typeof sirv>])[];

function serve(request: IncomingMessage, response: ServerResponse, pathname: string, statics: Statics): void {
  const [prefix, send] = statics.find(([start]) => pathname.startsWith(start)) ?? [];
  if (!prefix || !send) {
    notFound(response);
    return;
  }
  request.url = pathname.slice(prefix.length - 1);
  send(request, response, () => notFound(response));
}

/** Sends the large model no faster than a fast line would bring it. */
async function sendSlowly(response: ServerResponse): Promise<void> {
  const { size } = await stat(largeModel);
  response.writeHead(200, { 'Content-Length': size, 'Cache-Control': 'no-store' });
  const start = performance.now();
  let sent = 0;
  for await (const piece of createReadStream(largeModel, { highWaterMark: slowPiece })) {
    const due = start + (sent / slowRate) * 1000 - performance.now();
    if (due > 0) await setTimeout(due);
    if (!response.write(piece)) await once(response, 'drain');
    sent += piece.length;
  }
  response.end();
}

function sendPage(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<!doctype html><title>benchmark</title>${body}`);
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found');
}
