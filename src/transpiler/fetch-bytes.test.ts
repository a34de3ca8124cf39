import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { fetchBytes } from './fetch-bytes.js';

const noSignal = new AbortController().signal;

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Serves every path in one way. @returns a URL */
async function serve(answer: RequestListener): Promise<string> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the test server has no port');
  return `http://127.0.0.1:${address.port}/guest.wasm`;
}

describe('fetchBytes', () => {
  it('answers with the bytes of the file', async () => {
    const url = await serve((_, response) => response.end(Uint8Array.of(1, 2, 3)));
    expect(await fetchBytes(url, noSignal, 3)).toEqual(Uint8Array.of(1, 2, 3));
  });

  it('ends a response that goes on without end', async () => {
    const url = await serve((_, response) => {
      const send = () => {
        while (response.write(new Uint8Array(65_536)));
      };
      response.on('drain', send);
      send();
    });
    await expect(fetchBytes(url, noSignal, 1 << 20)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('more than 1048576 bytes'),
    });
  });

  it('says where there is no such file', async () => {
    const url = await serve((_, response) => response.writeHead(404).end());
    await expect(fetchBytes(url, noSignal)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('says where there is no server', async () => {
    await expect(fetchBytes('http://127.0.0.1:1/guest.wasm', noSignal)).rejects.toMatchObject({
      code: 'runtime-error',
    });
  });

  it('rejects with the reason of its signal', async () => {
    const url = await serve(() => undefined);
    await expect(fetchBytes(url, AbortSignal.abort('enough'))).rejects.toBe('enough');
  });
});
