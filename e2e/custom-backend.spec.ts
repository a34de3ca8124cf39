import type { Page } from '@playwright/test';
import { ask, events, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import { expect, test } from './test.js';

/**
 * A backend as a page may bring it along. Its models are the four bytes that each TensorFlow Lite file has at 4, and a
 * number that the graph adds to each byte of its input.
 */
const source = `
  export default {
    name: 'adder',
    encodings: ['tensorflowlite'],
    async load([model], { target }) {
      if (model.length < 9) throw Object.assign(new Error('no summand'), { code: 'invalid-encoding' });
      const summand = model[8];
      return {
        inputs: [{ name: 'x', type: 'U8', shape: ['n'] }],
        outputs: [{ name: 'sum', type: 'U8', shape: ['n'] }],
        device: { target: 'cpu', provider: 'javascript', description: 'asked for ' + target },
        fallback: [],
        async compute(inputs) {
          const { dimensions, data } = inputs.get('x');
          if (summand === 255) return [['sum', { type: 'U8', dimensions: [5], data }]];
          return [['sum', { type: 'U8', dimensions, data: data.map((value) => value + summand) }]];
        },
        async dispose() {},
      };
    },
  };
`;

const adding = (summand: number) => new Uint8Array([0x1c, 0, 0, 0, ...Buffer.from('TFL3'), summand]);
const input: PlainTensor = { name: 'x', ty: 'U8', dimensions: [3], data: new Uint8Array([1, 2, 3]) };

test.beforeEach(({ site }) => {
  const javascript = { 'Content-Type': 'text/javascript' };
  site.answer('/adder.js', (_, response) => response.writeHead(200, javascript).end(source));
  site.answer('/model.js', (_, response) => response.writeHead(200, javascript).end('export const model = 5;'));
});

const open = (page: Page, url: string) =>
  openGuests(page, { probe: 'probe.component.wasm' }, { models: {}, backends: { tensorflowlite: url } });

test('a guest computes through a backend that the page brings along, and gets its errors', async ({ blank, site }) => {
  await open(blank, '/adder.js');
  expect(site.requests).not.toContain('/adder.js');
  for (const encoding of ['tensorflowlite', 'autodetect']) {
    await test.step(encoding, async () => {
      const { length: before } = await events(blank);
      const graph = succeeded(await ask<number>(blank, 'probe', 'load', [adding(40)], encoding, 'gpu'));
      expect(succeeded(await ask(blank, 'probe', 'compute', graph, [input], true))).toEqual([
        { name: 'sum', ty: 'U8', dimensions: [3], data: new Uint8Array([41, 42, 43]) },
      ]);
      const reported = (await events(blank)).slice(before);
      expect(reported).toMatchObject([{ backend: 'adder', device: { description: 'asked for gpu' } }]);
    });
  }
  await test.step('what such a backend refuses, or does wrong', () => expectErrors(blank));
});

async function expectErrors(page: Page): Promise<void> {
  const load = (model: Uint8Array) => ask<number>(page, 'probe', 'load', [model], 'tensorflowlite', 'cpu');
  expect(await load(adding(1).slice(0, 8))).toMatchObject({
    code: 'invalid-encoding',
    text: expect.stringMatching(/failed: no summand$/),
  });
  const graph = succeeded(await load(adding(255)));
  expect(await ask(page, 'probe', 'compute', graph, [input], true)).toMatchObject({
    code: 'runtime-error',
    text: expect.stringMatching(/answered with 3 bytes for the output "sum", U8 \[5\], which has 5 bytes/),
  });
  expect(await ask(page, 'probe', 'compute', graph, [{ ...input, ty: 'I32' }], true)).toMatchObject({
    code: 'invalid-argument',
    text: expect.stringMatching(/expects U8 \[n\]/),
  });
}

test('a module that is no backend is refused when its encoding is needed', async ({ blank }) => {
  for (const [url, text] of [
    ['/nowhere.js', /could not be loaded: .*nowhere\.js/],
    ['/model.js', /its default export should be an object \{ name, encodings, load \}/],
  ] as const) {
    await test.step(url, async () => {
      await open(blank, url);
      expect(await ask(blank, 'probe', 'load', [adding(1)], 'tensorflowlite', 'cpu')).toMatchObject({
        code: 'runtime-error',
        text: expect.stringMatching(text),
      });
      expect(await ask(blank, 'probe', 'load', [new Uint8Array(4)], 'onnx', 'cpu')).toMatchObject({
        code: 'invalid-encoding',
      });
    });
  }
});
