import type { Page } from '@playwright/test';
import { concat, field, graph, int, integerAttribute, model, node, value } from '../src/backends/onnx/model.fixture.js';
import type { Device, FallbackStep, WasiNNOptions } from '../src/index.js';
import { expect, test } from './test.js';

/** Models at which onnxruntime aborts with WebNN, beside a good one. */

const shape = [1, 2, 3];

/** y = x + x. */
const good = model({
  nodes: [node('Add', ['x', 'x'], ['y'])],
  inputs: [value('x', shape)],
  outputs: [value('y', shape)],
});

/**
 * Splits an axis of three in two parts: the first two numbers, and the third. The table of distrusted operators has that, but
 * the model does not tell how long the axis is.
 */
const culprit = concat(
  int(1, 8),
  field(
    7,
    graph({
      nodes: [
        node('Relu', ['x'], ['positive']),
        node('Split', ['positive'], ['y', 'rest'], {
          attributes: [integerAttribute('num_outputs', 2), integerAttribute('axis', 2)],
        }),
      ],
      inputs: [value('x', shape)],
      outputs: [value('y', [1, 2, 2]), value('rest', [1, 2, 1])],
    }),
  ),
  field(8, concat(field(1, ''), int(2, 18))),
);

const numbers = [1, -2, 3, 4, 5, -6];

interface AbortsPage {
  /** Why engines were replaced. */
  readonly replaced: string[];
  readonly fallbacks: { readonly steps: readonly FallbackStep[]; readonly device: Device }[];
  /** Loads the good model for the NPU, and computes, each time on the same graph. */
  good(): Promise<Outcome>;
  /** Loads a model for the NPU and computes with it. */
  attempt(model: string): Promise<Outcome>;
}

interface Outcome {
  readonly provider?: string;
  readonly output?: readonly number[];
  readonly error?: string;
}

declare global {
  var abortsPage: AbortsPage;
}

async function open(page: Page, options: Pick<WasiNNOptions, 'allowSoftwareAdapter' | 'limits'>): Promise<void> {
  await page.evaluate(
    async ({ options, good, numbers }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN(options);
      const { replaced, fallbacks }: Pick<AbortsPage, 'replaced' | 'fallbacks'> = { replaced: [], fallbacks: [] };
      nn.addEventListener('replace', ({ detail }) => replaced.push(detail.reason));
      nn.addEventListener('fallback', ({ detail: { steps, device } }) => fallbacks.push({ steps, device }));
      const bytes = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const load = (text: string) => nn.load([bytes(text)], { encoding: 'onnx', target: 'tpu' });
      const compute = async (graph: Awaited<ReturnType<typeof load>>) => {
        const outputs = await graph.compute({ x: { dimensions: [1, 2, 3], data: Float32Array.from(numbers) } });
        const [first] = Object.values(outputs);
        return { provider: graph.device.provider, output: Array.from(first?.data ?? [], Number) };
      };
      const graph = await load(good);
      globalThis.abortsPage = {
        replaced,
        fallbacks,
        good: () => compute(graph),
        async attempt(text) {
          try {
            const attempted = await load(text);
            return await compute(attempted).finally(() => attempted.dispose());
          } catch (cause) {
            return { error: String(cause) };
          }
        },
      };
    },
    { options, good: base64(good), numbers },
  );
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

const rightOnWebNN = { provider: 'webnn', output: numbers.map((number) => 2 * number) };

test('a model that makes onnxruntime abort goes to the next provider, and others keep WebNN', async ({ blank }) => {
  await open(blank, { allowSoftwareAdapter: true });
  const { first, outcomes, replaced, fallbacks } = await blank.evaluate(
    async ({ culprit, good }) => {
      const { attempt, replaced, fallbacks } = abortsPage;
      const first = await abortsPage.good();
      const outcomes = [await attempt(culprit), await abortsPage.good(), await attempt(good), await attempt(culprit)];
      return { first, outcomes: [...outcomes, await abortsPage.good()], replaced, fallbacks };
    },
    { culprit: base64(culprit), good: base64(good) },
  );
  const moved = { provider: 'webgpu', output: [1, 0, 4, 5] };
  expect(first).toEqual(rightOnWebNN);
  expect(outcomes).toEqual([moved, rightOnWebNN, rightOnWebNN, moved, rightOnWebNN]);
  expect(replaced).toHaveLength(1);
  const reason = 'onnxruntime aborted while loading this model on WebNN (split)';
  const step = (target: string) => ({ provider: 'webnn', target, reason });
  const fallback = { steps: [step('tpu'), step('gpu')], device: expect.objectContaining({ provider: 'webgpu' }) };
  expect(fallbacks).toEqual([fallback, fallback]);
});
