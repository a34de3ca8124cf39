import { INT64, model, node, tensor, value } from '../src/backends/onnx/model.fixture.js';
import { expect, test } from './test.js';
import { openPage, type ProbeExports } from './waiting-page.js';

test.use({ ownProcess: true });

/** An engine whose heap is far larger than its graphs need, since one that needed it has gone. */

interface UnloadingProbe extends ProbeExports {
  unload(graph: number): Promise<void>;
}

const mebibyte = 1 << 20;

/** A model of a few bytes whose computation takes 640 MiB: one number is repeated, and the largest of all is the output. */
const hungry = model({
  nodes: [node('Expand', ['x', 'lengths'], ['many']), node('ReduceMax', ['many'], ['y'])],
  initializers: [
    tensor({ name: 'lengths', dims: [1], type: INT64, raw: new Uint8Array(BigInt64Array.of(160n << 20n).buffer) }),
  ],
  inputs: [value('x', [1])],
  outputs: [value('y', [1])],
});

for (const waiting of ['suspend', 'block'] as const) {
  test(`it is replaced when nothing is under way, and nobody notices (${waiting})`, async ({ page, site }) => {
    site.answer('/hungry.onnx', (_, response) => response.end(hungry));
    await openPage(page, site);
    const outcome = await page.evaluate(async (waiting) => {
      const { nn, startProbe, tensor } = waitingPage;
      nn.models.add({ hungry: '/hungry.onnx' });
      const replacements: string[] = [];
      const replaced = new Promise<void>((resolve) => {
        nn.addEventListener('replace', ({ detail }) => {
          replacements.push(detail.reason);
          resolve();
        });
      });
      const heapBytes = async () => (await nn.stats()).heapBytes;
      const image = () => tensor('image', [1, 1, 28, 28], 'FP32', new Uint8Array(3136).fill(7));
      const other = await startProbe('digits', { waiting });
      const expected = await other.compute(0, [image()], false);
      const small = await heapBytes();

      const { exports } = await nn.instantiate<UnloadingProbe>('/guests/probe.component.wasm', { waiting });
      await exports.loadByName('hungry');
      const x = tensor('x', [1], 'FP32', new Uint8Array(Float32Array.of(0.5).buffer));
      const [y] = await exports.compute(0, [x], false);
      const large = await heapBytes();
      await exports.unload(0);
      await replaced;
      const answer = await other.compute(0, [image()], false);
      return {
        y: [...(y?.data ?? [])],
        heap: { small, large, after: await heapBytes() },
        replacements,
        expected,
        answer,
      };
    }, waiting);

    test.info().annotations.push({ type: 'memory', description: JSON.stringify(outcome.heap) });
    expect(outcome.y).toEqual([...new Uint8Array(Float32Array.of(0.5).buffer)]);
    expect(outcome.heap.large).toBeGreaterThan(640 * mebibyte);
    expect(outcome.replacements).toEqual([
      `its heap of ${outcome.heap.large} bytes is far more than the ${outcome.heap.small} bytes that its graphs have needed`,
    ]);
    expect(outcome.heap.after).toBe(outcome.heap.small);
    expect(outcome.answer).toEqual(outcome.expected);
  });
}
