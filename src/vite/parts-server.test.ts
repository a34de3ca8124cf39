import { createServer } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { createPartsServer } from './parts-server.js';

it('serves what was published, under its base, until the guest is published again', async () => {
  const parts = createPartsServer('/app/');
  const origin = await serve(parts.middleware);
  const publish = parts.publisher('/project/a guest.component.wasm');
  const glue = pathIn(publish('a guest.suspend.js', 'export {};'));
  const core = pathIn(publish('a guest.core.wasm', new Uint8Array([0, 97])));
  expect(glue).toMatch(/^\/app\/@wasi-nn-web\//);

  const script = await fetch(origin + glue);
  expect(script.headers.get('content-type')).toBe('text/javascript');
  expect(await script.text()).toBe('export {};');
  const module = await fetch(origin + core);
  expect(module.headers.get('content-type')).toBe('application/wasm');
  expect(new Uint8Array(await module.arrayBuffer())).toEqual(new Uint8Array([0, 97]));

  parts.publisher('/project/a guest.component.wasm');
  expect((await fetch(origin + glue)).status).toBe(404);
});

it('keeps guests of the same name apart, and leaves all else to others', async () => {
  const parts = createPartsServer('/');
  const origin = await serve(parts.middleware);
  const one = pathIn(parts.publisher('/one/guest.component.wasm')('guest.block.js', 'one'));
  const two = pathIn(parts.publisher('/two/guest.component.wasm')('guest.block.js', 'two'));
  expect(await (await fetch(origin + one)).text()).toBe('one');
  expect(await (await fetch(origin + two)).text()).toBe('two');
  for (const path of ['/', '/@wasi-nn-web/', '/@wasi-nn-web/0/guest.block.js', `${one}/more`, '/%', '//']) {
    expect((await fetch(origin + path)).status, path).toBe(404);
  }
});

/** What a module of the page would make of the published expression, less the origin. */
function pathIn(expression: string): string {
  const [, path] = /String\("([^"]+)"\)/.exec(expression) ?? [];
  return path ?? '';
}

async function serve(middleware: ReturnType<typeof createPartsServer>['middleware']): Promise<string> {
  const server = createServer((request, response) => {
    middleware(request, response, () => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test server has no port');
  return `http://127.0.0.1:${address.port}`;
}
