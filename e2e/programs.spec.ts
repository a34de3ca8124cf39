import type { Page } from '@playwright/test';
import { coreModuleGuest, openContext } from './core-module-page.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { colourModel } from './generated-models.js';
import { ask, openGuests, type PlainTensor, succeeded } from './guest-page.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** How a program ended: with a result, or with an error of this name and text. */
type Ending =
  | { readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  | { readonly error: string; readonly text: string };

/** Runs a program of `guests/` on a page that `openGuests` has prepared. */
function run(page: Page, file: string, options: ProgramOptions = {}): Promise<Ending> {
  return page.evaluate(
    async ({ file, options }): Promise<Ending> => {
      try {
        const { exitCode, stdout, stderr } = await globalThis.guestPage.nn.run(`/guests/${file}`, options);
        return { exitCode, stdout, stderr };
      } catch (cause) {
        if (cause instanceof Error) return { error: cause.name, text: cause.message };
        throw cause;
      }
    },
    { file, options },
  );
}

/** The program of the article that introduced wasi-nn, for every way of calling it. */
const examples = [
  'example-witx-0-4.wasm',
  'example-witx-0-6.wasm',
  'example-wit-08-19.component.wasm',
  'example-wit-10-28.component.wasm',
];

const kitten = { 'fixture/tensor.bgr': '/fixtures/tensors/kitten-1x3x224x224-f32.tensor' };

test('the introductory example runs for both eras and the later WIT versions, in one page on one engine', async ({
  blank,
}) => {
  test.skip(!fixtures, withoutFixtures);
  await openGuests(blank, {}, { models: { squeezenet: '/fixtures/models/squeezenet.onnx' } });
  const classified = { exitCode: 0, stdout: expect.stringMatching(/^1\.\) \[281\]/m), stderr: '' };
  await test.step('with the model as a file', async () => {
    const files = { 'fixture/model.onnx': '/fixtures/models/squeezenet.onnx', ...kitten };
    const endings = await Promise.all(examples.map((file) => run(blank, file, { files })));
    for (const ending of endings) expect(ending).toEqual(classified);
  });
  await test.step('with the model by its name', async () => {
    for (const file of examples.filter((name) => !name.includes('0-4'))) {
      const ending = await run(blank, file, { args: ['--name', 'squeezenet'], files: kitten });
      expect(ending, file).toEqual(classified);
    }
  });
});

/** What the example needs to know of the model, beside its file or name: components know values by name. */
function colourArguments(file: string): string[] {
  return file.includes('component') ? ['--input', 'data', '--output', 'scores'] : ['--output-bytes', '12'];
}

test('programs run on one page, whatever they are, and what is none is refused', async ({ blank, site }) => {
  site.answer('/colours.onnx', (_, response) => response.end(colourModel));
  site.answer('/hello.txt', (_, response) => response.writeHead(200).end('héllo'));
  await openGuests(blank, {}, { models: { colours: '/colours.onnx' } });
  await test.step('the introductory example computes a generated model, from its file and by name', () =>
    expectColours(blank, site));
  for (const kind of ['wasm', 'component.wasm']) {
    await test.step(`a program (${kind}) finds its arguments, environment, input and files, and exits with its code`, () =>
      expectSurroundings(blank, kind));
  }
  await test.step('what is no program, and what is no guest', () => expectNoPrograms(blank));
});

async function expectColours(page: Page, site: Site): Promise<void> {
  const pixels = 224 * 224;
  const green = Float32Array.from({ length: 3 * pixels }, (_, index) =>
    Math.floor(index / pixels) === 1 ? 0.75 : 0.25,
  );
  site.answer('/green.tensor', (_, response) => response.end(new Uint8Array(green.buffer)));
  const files = { 'fixture/model.onnx': '/colours.onnx', 'fixture/tensor.bgr': '/green.tensor' };
  for (const file of examples) {
    const ways = file.includes('0-4') ? [[]] : [[], ['--name', 'colours']];
    for (const way of ways) {
      const ending = await run(page, file, { args: [...way, ...colourArguments(file)], files });
      expect(ending, file).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^1\.\) \[1\]\(0\.75/m), stderr: '' });
    }
  }
}

async function expectSurroundings(page: Page, kind: string): Promise<void> {
  const cat = await run(page, `cat.${kind}`, {
    args: ['one', 'zwei', 'drei ☃'],
    env: { B: '2', A: '1' },
    stdin: 'from the page\n',
    files: { 'folder/deep/hello.txt': '/hello.txt' },
  });
  expect(cat).toEqual({ exitCode: 0, stdout: expect.any(String), stderr: '' });
  for (const piece of ['from the page', 'zwei', 'drei ☃', 'A=1', 'B=2', 'folder/deep/hello.txt', 'héllo']) {
    expect.soft(cat).toHaveProperty('stdout', expect.stringContaining(piece));
  }
  expect(await run(page, `exit.${kind}`, { args: ['7'] })).toMatchObject({
    exitCode: kind === 'wasm' ? 7 : expect.any(Number),
  });
  expect(await run(page, `trap.${kind}`)).toMatchObject({
    error: 'GuestTrap',
    text: expect.stringContaining('unreachable'),
  });
}

async function expectNoPrograms(page: Page): Promise<void> {
  expect(await run(page, 'probe.component.wasm')).toMatchObject({
    error: 'WasiNNError',
    text: expect.stringContaining('no program'),
  });
  expect(await run(page, '../models/digits.onnx')).toMatchObject({
    error: 'WasiNNError',
    text: expect.stringContaining('neither'),
  });
  expect(await run(page, 'nothing.wasm')).toMatchObject({
    error: 'WasiNNError',
    text: expect.stringContaining('404'),
  });
}

test('guests of every ABI share a page and an engine', async ({ blank }) => {
  const guests = {
    'wit 06-25': 'probe-06-25.component.wasm',
    'wit 08-19': 'probe-08-19.component.wasm',
    'wit 10-28': 'probe.component.wasm',
    witx: 'witx-probe.wasm',
    wamr: 'wamr-probe.wasm',
  };
  await openGuests(blank, guests, { models: { digits: '/models/digits.onnx' } });
  const image = { name: 'image', ty: 'FP32', dimensions: [1, 1, 28, 28], data: new Uint8Array(28 * 28 * 4) };
  const answers: PlainTensor[][] = [];
  for (const [guest, outputs] of [
    ['wit 06-25', [['scores']]],
    ['wit 08-19', [['scores']]],
    ['wit 10-28', []],
  ] as const) {
    const graph = succeeded(await ask<number>(blank, guest, 'loadByName', 'digits'));
    answers.push(succeeded(await ask<PlainTensor[]>(blank, guest, 'compute', graph, [image], ...outputs, true)));
  }
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  await openContext(coreModuleGuest(blank, 'witx'), 'digits');
  await openContext(coreModuleGuest(blank, 'wamr'), 'digits');
  await test.step('a guest of 06-25 makes errors of its own', async () => {
    const made = await ask(blank, 'wit 06-25', 'makeError', 'too-large', 'größer als erlaubt');
    expect(made).toEqual({ ok: { code: 'too-large', text: 'größer als erlaubt' } });
  });
});
