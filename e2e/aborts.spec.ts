import path from 'node:path';
import type { Page } from '@playwright/test';
import { model, node, value } from '../src/backends/onnx/model.fixture.js';
import type { FallbackStep, WasiNNOptions } from '../src/index.js';
import { fixtures } from './fixture-data.js';
import { hostileModels, padded, splitUnevenly, weightless } from './hostile-models.js';
import { readCases } from './operator-cases.js';
import { parameterCases } from './parameter-cases.js';
import { expect, test } from './test.js';

// Where WebNN refuses to build a graph, Chromium has been seen to crash in a process that had used WebNN before.
test.use({ ownProcess: true });

/** Models at which onnxruntime aborts with WebNN, beside a good one. */

const shape = [1, 2, 3];

/** y = x + x. */
const good = model({
  nodes: [node('Add', ['x', 'x'], ['y'])],
  inputs: [value('x', shape)],
  outputs: [value('y', shape)],
});

/** Splits the last axis: two numbers of each row, and the third. */
const culprit = splitUnevenly(3);

const numbers = [1, -2, 3, 4, 5, -6];

interface AbortsPage {
  /** Why engines were replaced. */
  readonly replaced: string[];
  /** Why graphs run elsewhere. */
  readonly steps: (readonly FallbackStep[])[];
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

async function open(page: Page, options: Pick<WasiNNOptions, 'limits'>): Promise<void> {
  await page.evaluate(
    async ({ options, good, numbers }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN(options);
      const { replaced, steps }: Pick<AbortsPage, 'replaced' | 'steps'> = { replaced: [], steps: [] };
      nn.addEventListener('replace', ({ detail }) => replaced.push(detail.reason));
      nn.addEventListener('fallback', ({ detail }) => steps.push(detail.steps));
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
        steps,
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

/** Pads an axis by 2^62, which onnxruntime refuses without harm to itself. */
const refused = padded('constant', [0, 0, 0, 0, 0, 2n ** 62n]);

test('a model that makes onnxruntime abort goes to the next provider, and others keep WebNN', async ({ blank }) => {
  await open(blank, {});
  const models = { culprit: base64(culprit), refused: base64(refused), good: base64(good) };
  const { outcomes, replaced, steps } = await blank.evaluate(async (models) => {
    const { attempt, replaced, steps } = abortsPage;
    const outcomes: Outcome[] = [await abortsPage.good()];
    for (const model of [models.culprit, models.good, models.refused, models.culprit]) {
      outcomes.push(await attempt(model), await abortsPage.good());
    }
    return { outcomes, replaced, steps };
  }, models);
  const moved = { provider: 'wasm', output: [1, 0, 4, 5] };
  const failed = { error: expect.any(String) };
  expect(outcomes.filter((_, index) => index % 2 === 1)).toEqual([moved, rightOnWebNN, failed, moved]);
  expect(outcomes.filter((_, index) => index % 2 === 0)).toEqual(new Array(5).fill(rightOnWebNN));
  expect(replaced).toHaveLength(1);
  const reason = 'onnxruntime aborted while loading this model on WebNN (split)';
  const aborted = ['tpu', 'gpu'].map((target) => ({ provider: 'webnn', target, reason }));
  const ofCulprit = [...aborted, expect.objectContaining({ provider: 'webgpu' })];
  expect(steps).toEqual([ofCulprit, expect.not.arrayContaining(aborted), ofCulprit]);
});

test('200 hostile models leave WebNN to a good one', { tag: '@long' }, async ({ blank }) => {
  test.setTimeout(300_000);
  const cases = [...(fixtures ? readCases(path.join(fixtures, 'onnx-backend')) : []), ...parameterCases()];
  const models = hostileModels(200, cases);
  await open(blank, { limits: { computeMilliseconds: 1000 } });
  const { outcomes, replaced } = await blank.evaluate(
    async (models) => {
      const outcomes: Outcome[] = [];
      for (const model of models) {
        await abortsPage.attempt(model);
        outcomes.push(await abortsPage.good());
      }
      return { outcomes, replaced: abortsPage.replaced };
    },
    models.map(({ bytes }) => base64(bytes)),
  );
  expect(outcomes.map((outcome, index) => [models[index]?.name, outcome])).toEqual(
    models.map(({ name }) => [name, rightOnWebNN]),
  );
  // Some models end an engine, by an abort or by the time limit.
  test.info().annotations.push({ type: 'replaced', description: JSON.stringify(replaced) });
  expect(replaced.length).toBeGreaterThan(10);
});

test('a network with large matrices leaves WebNN to a good model', { tag: '@long' }, async ({ blank }) => {
  await open(blank, {});
  const [large, good] = await blank.evaluate(
    async (model) => [await abortsPage.attempt(model), await abortsPage.good()],
    base64(weightless()),
  );
  expect(large?.output).toEqual(new Array(1000).fill(0));
  expect(good).toEqual(rightOnWebNN);
});
