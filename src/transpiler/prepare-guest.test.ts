import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { GuestSource, PreparationOptions } from '../rpc/prepared-guest.js';
import { prepareGuest } from './prepare-guest.js';

const options: PreparationOptions = {
  wish: undefined,
  supported: { suspend: true, block: true },
  outputsMayStay: false,
  inputWaits: false,
};

const noSignal = new AbortController().signal;

/** A core module with a section of its own, so that it has more than its preamble. */
const coreModule = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 3, 1, 0x61, 7);

const prepare = (source: GuestSource) => prepareGuest(source, options, (work) => work(), noSignal);

/** Serves bytes in two pieces. @returns a URL */
async function serve(bytes: Uint8Array, type?: string): Promise<string> {
  const server: Server = createServer((_, response) => {
    if (type !== undefined) response.setHeader('Content-Type', type);
    response.write(bytes.subarray(0, 5), () => response.end(bytes.subarray(5)));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test server has no port');
  return `http://127.0.0.1:${address.port}/guest.wasm`;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a core module', () => {
  it('compiles while it comes, where the server says that it is WebAssembly', async () => {
    const streaming = vi.spyOn(WebAssembly, 'compileStreaming');
    const prepared = await prepare({ url: await serve(coreModule, 'application/wasm') });
    expect(prepared).toEqual({ kind: 'module', module: expect.any(WebAssembly.Module) });
    expect(streaming).toHaveBeenCalledOnce();
  });

  it('compiles when it has come, where the server says nothing', async () => {
    const prepared = await prepare({ url: await serve(coreModule) });
    expect(prepared).toEqual({ kind: 'module', module: expect.any(WebAssembly.Module) });
  });

  it('may be a Blob', async () => {
    expect(await prepare({ blob: new Blob([coreModule]) })).toMatchObject({ kind: 'module' });
  });

  it.each(['application/wasm', undefined])('that is damaged is refused (served as %s)', async (type) => {
    const url = await serve(coreModule.subarray(0, 10), type);
    await expect(prepare({ url })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/^instantiate: the module cannot be compiled: /),
    });
  });
});

it.each([new Uint8Array(), new TextEncoder().encode('<!doctype html>')])(
  'bytes that are no guest are refused though they are served as WebAssembly (case %#)',
  async (bytes) => {
    await expect(prepare({ url: await serve(bytes, 'application/wasm') })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  },
);
