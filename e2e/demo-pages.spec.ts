import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { colourModel } from './generated-models.js';
import { expect, test } from './test.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const guests = path.resolve(import.meta.dirname, '../guests');

/** The pages of the site but the first, which runs a guest as it opens. */
const quietPages = ['text', 'run', 'formats', 'storage', 'conformance', 'benchmark', 'code'];

/** What a page loads only when it is needed: models, guests and the runtimes of models. Tests themselves ask for `/lib/`. */
const heavy = /^(?!\/lib\/).*(\.(onnx|gguf|wasm)$|ort-wasm|wllama|litert|jco)/;

test('every page is accessible in light and dark, stands still, and loads nothing heavy by itself', async ({
  page,
  site,
}) => {
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(site.origin) && !/^(blob|data):/.test(request.url())) elsewhere.push(request.url());
  });
  for (const name of quietPages) {
    await page.goto(`${site.origin}/${name}/`, { waitUntil: 'networkidle' });
    expect(await faults(page), name).toEqual([]);
    expect(await widthOnPhone(page), name).toBeLessThanOrEqual(360);
    expect(
      site.requests.filter((request) => heavy.test(request)),
      name,
    ).toEqual([]);
  }
  await page.goto(site.origin);
  await expect(page.getByTestId('result')).toHaveAttribute('data-state', 'ready', { timeout: 45_000 });
  expect(await faults(page), 'classify').toEqual([]);
  expect(site.requests.filter((request) => /^(?!\/lib\/).*(jspi|asyncify|wllama|litert)/.test(request))).toEqual([]);
  expect(await widthOnPhone(page), 'classify').toBeLessThanOrEqual(360);
  expect(elsewhere).toEqual([]);
});

test('a guest is run with its files, arguments and input, and what goes wrong is explained', async ({ page, site }) => {
  await page.goto(`${site.origin}/run/`);
  const terminal = page.getByTestId('terminal');

  await test.step('the example in a form', async () => {
    await page.getByRole('button', { name: 'Core module, crate 0.6' }).click();
    await expect(page.getByTestId('state')).toHaveText(/Exit code 0/, { timeout: 45_000 });
    await expect(terminal).toContainText('10 scores; the best:');
    await expect(terminal).toContainText('1.) [7]');
    await expect(terminal).toContainText('load: a graph from bytes runs on wasm');
    await expect(page.getByTestId('guest-facts')).toContainText('A core module');
    await expect(page.getByTestId('guest-facts')).toContainText('wasi_ephemeral_nn');
    await expect(page.getByTestId('files').getByRole('textbox')).toHaveCount(2);
  });

  await test.step('with another argument', async () => {
    await page.getByTestId('arguments').fill('--model nothing.onnx');
    await page.getByTestId('run').click();
    await expect(page.getByTestId('state')).toHaveText(/Exit code 1/);
    await expect(terminal.locator('[data-stream=stderr]')).toContainText('nothing.onnx');
  });

  await test.step('a program of the visitor, with a file and standard input', async () => {
    const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('from the visitor') };
    const [program] = [{ name: 'cat.wasm', mimeType: '', buffer: readFileSync(path.join(guests, 'cat.wasm')) }];
    await page.getByTestId('run-input').setInputFiles([program, file]);
    await page.getByTestId('arguments').fill(`--write 'made here.txt' "two words"`);
    await page.getByTestId('stdin').fill('a line for the guest');
    await page.getByTestId('run').click();
    await expect(page.getByTestId('state')).toHaveText(/Exit code 0/);
    for (const words of ['argument two words', 'from the visitor', 'a line for the guest']) {
      await expect(terminal).toContainText(words);
    }
    await expect(page.getByTestId('written').getByRole('link')).toHaveText(['made here.txt']);
  });

  await test.step('a library, and what is no WebAssembly', async () => {
    await page.getByTestId('run-input').setInputFiles(path.join(guests, 'classify.component.wasm'));
    await expect(page.getByTestId('guest-facts')).toContainText('wasi:nn 0.2.0-rc-2024-10-28');
    await expect(page.getByTestId('guest-facts')).toContainText('It is a library');
    await expect(page.getByTestId('run')).toBeDisabled();
    const text = { name: 'broken.wasm', mimeType: '', buffer: Buffer.from('no WebAssembly') };
    await page.getByTestId('run-input').setInputFiles(text);
    await expect(page.getByTestId('failure')).toContainText('Caused by');
  });

  await test.step('a program that never ends is stopped', async () => {
    await page.getByTestId('run-input').setInputFiles(path.join(guests, 'loop.wasm'));
    await page.getByTestId('run').click();
    await expect(terminal).toContainText('looping');
    await page.getByTestId('stop').click();
    await expect(page.getByTestId('failure')).toContainText('You have stopped the program.');
    await expect(page.getByTestId('run')).toBeEnabled();
  });
});

test('models are downloaded, listed and deleted, and code is copied', async ({ page, site, context, browserName }) => {
  if (browserName === 'chromium') await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${site.origin}/storage/`);
  const digits = page.getByTestId('models').getByRole('listitem').filter({ hasText: 'MNIST' });
  await expect(digits).toContainText('not on this device');
  await digits.getByRole('button', { name: 'Download' }).click();
  await expect(digits).toContainText('on this device · 347 kB');
  await expect(page.getByTestId('models-size')).toHaveText('347 kB');
  await digits.getByRole('button', { name: 'Delete' }).click();
  await expect(digits).toContainText('not on this device');
  await expect(page.getByTestId('models-size')).toHaveText('0 B');

  await page.getByRole('button', { name: 'Copy' }).click();
  await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('nn.models.preload');
});

test('models of other formats classify a picture, and the benchmark gives its result away', async ({ page, site }) => {
  site.answer('/colours.onnx', (_, response) => response.end(colourModel));
  await page.goto(`${site.origin}/formats/?squeezenet=${encodeURIComponent(`${site.origin}/colours.onnx`)}`);
  const best = page.getByTestId('result-onnx').getByRole('listitem').first();
  await test.step('the kitten, by a model that the page downloads', async () => {
    await page.getByTestId('download-onnx').click();
    await expect(best).toContainText(/class \d/, { timeout: 45_000 });
  });

  const blue = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    if (pen) pen.fillStyle = 'blue';
    pen?.fillRect(0, 0, canvas.width, canvas.height);
    return canvas.toDataURL('image/png').split(',')[1] ?? '';
  });
  const picture = { name: 'blue.png', mimeType: 'image/png', buffer: Buffer.from(blue, 'base64') };
  await page.getByTestId('picture').setInputFiles(picture);
  const model = { name: 'colours.onnx', mimeType: '', buffer: Buffer.from(colourModel) };
  await page.getByTestId('files-onnx').setInputFiles(model);
  await page.getByTestId('files-tensorflow').setInputFiles({ ...model, name: 'frozen.pb' });
  await expect(best).toContainText('class 2');
  await expect(page.getByTestId('result-tensorflow')).toContainText('WasiNNError');
  await page.getByTestId('files-openvino').setInputFiles(picture);
  await expect(page.getByTestId('result-openvino')).toContainText('Expected an .xml file');

  await page.goto(`${site.origin}/benchmark/?quick`);
  await page.getByTestId('run').click();
  await expect(page.getByTestId('state')).toHaveText('Done.', { timeout: 60_000 });
  await expect(page.getByTestId('scenarios').locator('.ratio')).toHaveText([/\d ×/, /\d ×/, /\d ×/]);
  const downloading = page.waitForEvent('download');
  await page.getByTestId('download').click();
  const result: unknown = JSON.parse(readFileSync(await (await downloading).path(), 'utf8'));
  expect(result).toMatchObject({ results: [{ id: 'digits' }, { id: 'small' }, { id: 'large' }] });
});

test('models of all five formats classify the same kitten', { tag: '@long' }, async ({ page, site }) => {
  test.skip(!fixtures, withoutFixtures);
  await page.goto(`${site.origin}/formats/`);
  const best = (encoding: string) => page.getByTestId(`result-${encoding}`).getByRole('listitem').first();
  await page.getByTestId('files-onnx').setInputFiles(fixturePath('models/squeezenet.onnx'));
  await expect(best('onnx'), 'the kitten of the page').toContainText('cat', { timeout: 45_000 });

  await page.getByTestId('picture').setInputFiles(fixturePath('images/kitten_224.png'));
  for (const [encoding, files] of Object.entries(encodedModels)) {
    const paths = files.map((file) => fixturePath(`encodings/${file}`));
    await page.getByTestId(`files-${encoding}`).setInputFiles(paths);
  }
  for (const encoding of ['onnx', 'openvino', 'pytorch']) {
    await expect(best(encoding), encoding).toContainText('tabby cat', { timeout: 45_000 });
  }
  // These two have random weights.
  for (const encoding of ['tensorflow', 'tensorflowlite']) {
    await expect(best(encoding), encoding).toContainText(/\d/, { timeout: 45_000 });
  }
});

const encodedModels = {
  openvino: ['openvino/squeezenet.xml', 'openvino/squeezenet.bin'],
  pytorch: ['pytorch/squeezenet1_1.traced.pt'],
  tensorflow: ['tensorflow/mobilenet_v2.pb'],
  tensorflowlite: ['tflite/mobilenet_v2_uint8.tflite'],
};

function fixturePath(name: string): string {
  return path.join(fixtures ?? '', name);
}

/** What axe finds, in light and dark, and how far the content has moved by itself. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    found.push(...(await page.evaluate(runAxe, colorScheme === 'dark')));
  }
  const moved = await page.evaluate(layoutShift);
  return moved > 0.001 ? [...found, `the content moved by ${moved}`] : found;
}

/** How wide the content is where the window is 360 pixels wide. */
async function widthOnPhone(page: Page): Promise<number> {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  if (size) await page.setViewportSize(size);
  return width;
}

/** Runs in the page. @param onlyColours for a page that was examined in other colours */
async function runAxe(onlyColours: boolean): Promise<string[]> {
  const axe: unknown = Reflect.get(globalThis, 'axe');
  const run: unknown = Reflect.get(Object(axe), 'run');
  if (typeof run !== 'function') throw new Error('axe is not there');
  const options = onlyColours ? { runOnly: ['color-contrast'] } : {};
  const { violations } = await Reflect.apply(run, axe, [document, options]);
  return violations.map(({ id, nodes }: { id: string; nodes: { html: string }[] }) => `${id}: ${nodes[0]?.html}`);
}

/** Runs in the page. @returns the sum of all shifts that no input of the visitor has caused */
function layoutShift(): number {
  const observer = new PerformanceObserver(() => undefined);
  observer.observe({ type: 'layout-shift', buffered: true });
  const shifts = observer.takeRecords().filter((entry) => Reflect.get(entry, 'hadRecentInput') === false);
  return shifts.reduce((sum, entry) => sum + Number(Reflect.get(entry, 'value')), 0);
}
