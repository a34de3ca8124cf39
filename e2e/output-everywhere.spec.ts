import type { Waiting, WasiNN } from '../src/index.js';
import { runIn } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { componentOf, moduleOf, serveGuest } from './browsers/text-guest.js';
import { floods } from './floods.js';
import { startSite } from './site.js';

// What a guest writes reaches the page whole and in order, and a guest that writes without end cannot hold up the page.

for (const kind of ['core module', 'component'] as const) {
  test(`a ${kind} that floods its page is aborted within a second`, async ({ tab, site, waiting }) => {
    await tab.open(`${site.origin}/blank.html`);
    for (const [index, { name, fields, kinds, head }] of floods.entries()) {
      if (head === undefined || !kinds.includes(kind)) continue;
      const url = `/flood-${index}.wasm`;
      serveGuest(site, url, await (kind === 'component' ? componentOf(fields) : moduleOf(fields)));
      const outcome = await runIn(tab, abortFlood, { url, waiting, head });
      expect(outcome, name).toEqual({ reason: 'enough', milliseconds: expect.any(Number) });
      expect(Reflect.get(Object(outcome), 'milliseconds'), name).toBeLessThan(1000);
    }
  });
}

interface Flood {
  readonly url: string;
  readonly waiting: Waiting;
  /** How many bytes or errors come before the abort. */
  readonly head: number;
}

declare global {
  /** What all floods of a page share. */
  var floodedNN: WasiNN | undefined;
}

async function abortFlood({ url, waiting, head }: Flood): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  globalThis.floodedNN ??= createWasiNN();
  const nn = globalThis.floodedNN;
  const controller = new AbortController();
  const { signal } = controller;
  let left = head;
  return new Promise<unknown>((resolve) => {
    let begun: number | undefined;
    const take = (amount: number) => {
      left -= amount;
      if (left > 0 || begun !== undefined) return;
      begun = performance.now();
      // The page looks at its events in their turn.
      setTimeout(() => controller.abort('enough'));
    };
    const stdout = (bytes: Uint8Array) => take(bytes.byteLength);
    nn.addEventListener('fault', ({ detail }) => take(1 + (detail.omitted ?? 0)), { signal });
    nn.run(url, { waiting, signal, stdout, stderr: stdout }).catch((reason) => {
      resolve({ reason, milliseconds: performance.now() - (begun ?? 0) });
    });
  });
}

/** Writes the numbers from 0 on as four bytes each, 64 of them to the standard output, 64 to the standard error, and so on. */
const numbers = `
  (data (i32.const 16) "\\20\\00\\00\\00\\04\\00\\00\\00")
  (func (export "_start")
    (local $number i32)
    (loop $next
      (i32.store (i32.const 32) (local.get $number))
      (drop (call $fd_write
        (i32.add (i32.const 1) (i32.and (i32.shr_u (local.get $number) (i32.const 6)) (i32.const 1)))
        (i32.const 16) (i32.const 1) (i32.const 8)))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $number) (i32.const 100000)))))`;

/** Writes two letters one by one, and loads a model. */
const waitsForModel = `
  (data (i32.const 16) "\\20\\00\\00\\00\\01\\00\\00\\00")
  (data (i32.const 32) "a")
  (data (i32.const 48) "stalled")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (i32.store8 (i32.const 32) (i32.const 98))
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (drop (call $load_by_name (i32.const 48) (i32.const 7) (i32.const 64))))`;

test('what a guest writes arrives whole, in order and in time', async ({ tab, site, waiting }) => {
  serveGuest(site, '/core-module.wasm', await moduleOf(numbers));
  serveGuest(site, '/component.wasm', await componentOf(numbers));
  serveGuest(site, '/waits.wasm', await moduleOf(waitsForModel));
  site.answer('/stalled.onnx', () => undefined);
  await tab.open(`${site.origin}/blank.html`);
  for (const url of ['/core-module.wasm', '/component.wasm']) {
    await test.step(`all that ${url} writes arrives in order, before its end`, async () => {
      expect(await runIn(tab, readNumbers, { url, waiting })).toEqual({ exitCode: 0, count: 100_000, wrong: [] });
    });
  }
  await test.step('what a guest has written arrives while it waits for the engine', async () => {
    expect(await runIn(tab, readWhileWaiting, waiting)).toBe('ab');
  });
});

async function readNumbers({ url, waiting }: { url: string; waiting: Waiting }): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  let count = 0;
  const wrong: unknown[] = [];
  let rest = new Uint8Array();
  const take = (stream: number) => (bytes: Uint8Array) => {
    const joined = new Uint8Array([...rest, ...bytes]);
    const whole = joined.subarray(0, joined.length - (joined.length % 4));
    rest = joined.slice(whole.length);
    for (const number of new Uint32Array(whole.slice().buffer)) {
      if (number !== count || ((number >> 6) & 1) !== stream) wrong.push([stream, number, count]);
      count++;
    }
  };
  const nn = createWasiNN();
  const { exitCode } = await nn.run(url, { waiting, stdout: take(0), stderr: take(1) });
  nn.dispose();
  return { exitCode, count, wrong: wrong.slice(0, 5) };
}

/** Writes 20 MiB in pieces of 64 KiB, and then a last word. */
const tooMuch = `
  (data (i32.const 16) "\\00\\00\\01\\00\\00\\00\\01\\00")
  (data (i32.const 32) "\\40\\00\\00\\00\\05\\00\\00\\00")
  (data (i32.const 64) "done\\0a")
  (func (export "_start")
    (local $left i32)
    (memory.fill (i32.const 65536) (i32.const 120) (i32.const 65536))
    (local.set $left (i32.const 320))
    (loop $next
      (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $next (local.get $left)))
    (drop (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 8))))`;

for (const isolated of [true, false]) {
  const expected = isolated ? 'arrives whole' : 'is cut, where its thread cannot wait, and says so';
  test(`what a program writes faster than its page takes ${expected}`, { tag: '@either-way' }, async ({ tab }) => {
    const site = await startSite({ isolated });
    serveGuest(site, '/too-much.wasm', await moduleOf(tooMuch));
    await tab.open(`${site.origin}/blank.html`);
    const { written, end } = (await runIn(tab, readTooMuch, undefined)) as { written: number; end: string };
    if (isolated) {
      expect({ written, end }).toEqual({ written: 20 << 20, end: 'done\n' });
    } else {
      expect(written).toBeGreaterThan(15 << 20);
      const omitted = (20 << 20) + 'done\n'.length - written;
      expect(end).toMatch(new RegExp(`^\n\\[${omitted} bytes are left out here: .*\\]\n$`));
    }
    await site.close();
  });
}

async function readTooMuch(): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  let written = 0;
  let end = '';
  const decoder = new TextDecoder();
  const stdout = (bytes: Uint8Array) => {
    const text = decoder.decode(bytes, { stream: true });
    const start = text.search(/[^x]/);
    if (start >= 0) end += text.slice(start);
    written += start >= 0 ? start : text.length;
  };
  await createWasiNN().run('/too-much.wasm', { stdout });
  return { written, end };
}

async function readWhileWaiting(waiting: Waiting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN({ models: { stalled: '/stalled.onnx' } });
  return new Promise((resolve, reject) => {
    let text = '';
    const stdout = (bytes: Uint8Array) => {
      text += new TextDecoder().decode(bytes);
      if (text.length === 2) resolve(text);
    };
    nn.run('/waits.wasm', { waiting, stdout }).catch(reject);
  });
}
