import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { unused } from '../rpc/client.fixture.js';
import { acknowledge, deliver, type OutputBatch } from '../rpc/output-batch.js';
import { WasiNNError } from '../standard/error.js';
import { createOutputBuffer, flushFirst } from './output-buffer.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A worker whose thread cannot wait, and what it has sent. */
function createWorker() {
  const acknowledged = new Int32Array(1);
  const batches: OutputBatch[] = [];
  const buffer = createOutputBuffer(acknowledged, (batch) => batches.push(batch));
  return { acknowledged, batches, buffer };
}

function textOf(batches: readonly OutputBatch[]): string {
  let text = '';
  for (const batch of batches) {
    deliver(
      batch,
      (stream, bytes) => {
        text += `${stream === 'stdout' ? '' : '!'}${new TextDecoder().decode(bytes)}`;
      },
      () => undefined,
    );
  }
  return text;
}

const encode = (text: string) => new TextEncoder().encode(text);

test('sends the first bytes at once, and what follows within 16 ms in one batch', () => {
  const { batches, buffer } = createWorker();
  buffer.write('stdout', encode('now'));
  expect(textOf(batches)).toBe('now');
  for (const letter of 'later') buffer.write('stdout', encode(letter));
  expect(batches).toHaveLength(1);
  vi.advanceTimersByTime(16);
  expect(batches).toHaveLength(2);
  expect(batches[1]?.runs).toEqual([{ stream: 'stdout', byteLength: 5 }]);
});

test('a write looks at the clock, since no timer fires while the guest computes', () => {
  const { batches, buffer } = createWorker();
  buffer.write('stdout', encode('a'));
  buffer.write('stdout', encode('b'));
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 16);
  buffer.write('stdout', encode('c'));
  expect(textOf(batches)).toBe('abc');
  expect(batches).toHaveLength(2);
});

test('keeps the order of both streams, in batches of 64 KiB', () => {
  const { batches, buffer } = createWorker();
  let expected = '';
  for (let count = 0; count < 40_000; count++) {
    const stream = count % 1000 < 500 ? 'stdout' : 'stderr';
    buffer.write(stream, encode(`${count} ${stream},`));
    expected += `${count} ${stream},`;
  }
  buffer.flushAll();
  expect(textOf(batches).replaceAll('!', '')).toBe(expected);
  expect(Math.max(...batches.map(({ bytes }) => bytes.byteLength))).toBe(64 << 10);
});

test('leaves out what the page does not take, says so, and goes on when the page does', () => {
  const { acknowledged, batches, buffer } = createWorker();
  for (let count = 0; count < 20; count++) buffer.write('stdout', new Uint8Array(1 << 20).fill(120));
  const { sent = 0 } = batches.at(-1) ?? {};
  expect(sent).toBeGreaterThan(15 << 20);
  expect(sent).toBeLessThan(17 << 20);
  acknowledge(acknowledged, sent);
  vi.advanceTimersByTime(1000);
  buffer.write('stdout', encode('done'));
  buffer.flushAll();
  const text = textOf(batches);
  const taken = text.indexOf('\n');
  const omitted = (20 << 20) - taken;
  const reason = 'the guest wrote faster than its page could take (docs/security.md)';
  expect(text.slice(taken)).toBe(`\n[${omitted} bytes are left out here: ${reason}]\ndone`);
});

test('sends at most 8 faults in a batch, and counts the others', () => {
  const { batches, buffer } = createWorker();
  const faults: unknown[] = [];
  for (let count = 0; count < 1000; count++) buffer.report(new WasiNNError('timeout', `number ${count}`), 'compute');
  vi.advanceTimersByTime(16);
  for (const batch of batches) {
    const onFault = (error: WasiNNError, name: string, omitted: number) => faults.push([error.message, name, omitted]);
    deliver(batch, () => undefined, onFault);
  }
  expect(faults[0]).toEqual(['number 0', 'compute', 0]);
  expect(faults.at(-1)).toEqual(['number 8', 'compute', 991]);
  expect(faults).toHaveLength(9);
});

test('cuts a fault whose text is long', () => {
  const { batches, buffer } = createWorker();
  buffer.report(new WasiNNError('timeout', 'x'.repeat(1 << 20)), 'compute');
  expect(batches[0]?.faults[0]?.error.message).toHaveLength(4096);
});

test('sends everything before an answer, whatever the limits', () => {
  const { batches, buffer } = createWorker();
  for (let count = 0; count < 300; count++) {
    buffer.write('stdout', encode('x'));
    buffer.flushAll();
  }
  expect(textOf(batches)).toBe('x'.repeat(300));
});

test('a call that blocks the thread sends what was written before it', () => {
  const { batches, buffer } = createWorker();
  buffer.write('stdout', encode('a'));
  buffer.write('stdout', encode('b'));
  let written = '';
  const client = flushFirst(
    {
      ...unused,
      async unload() {
        written = textOf(batches);
      },
    },
    buffer.flush,
  );
  void client.unload(0);
  expect(written).toBe('ab');
});
