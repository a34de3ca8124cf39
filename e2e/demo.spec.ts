import type { Page, Worker } from '@playwright/test';
import { fixtures, readFixture, withoutFixtures } from './fixture-data.js';
import { colourLabels, colourModel } from './generated-models.js';
import { expect, test } from './test.js';

type Point = readonly [x: number, y: number];

/** The strokes of a digit on paper of the size one by one. */
const strokes: Readonly<Record<string, readonly (readonly Point[])[]>> = {
  '0': [Array.from({ length: 17 }, (_, step) => onCircle(step / 16))],
  '7': [
    [
      [0.3, 0.22],
      [0.7, 0.22],
      [0.45, 0.8],
    ],
  ],
};

const devices = { cpu: /WebAssembly/, gpu: /WebGPU/, tpu: /WebNN.*npu/i } as const;

const targets = ['cpu', 'gpu', 'tpu'] as const;

test('drawings and photos are classified on every device, without another origin', async ({ page, site }) => {
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    if (!/^(http:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url())) elsewhere.push(request.url());
  });
  site.answer('/colours.onnx', (_, response) => response.end(colourModel));
  await page.goto(`${site.origin}/?software-adapter&squeezenet=${encodeURIComponent(`${site.origin}/colours.onnx`)}`);
  for (const target of targets) await test.step(target, () => expectClassified(page, target));
  expect(elsewhere).toEqual([]);
});

async function expectClassified(page: Page, target: keyof typeof devices): Promise<void> {
  await page.getByTestId(`target-${target}`).check();
  for (const digit of ['7', '0']) {
    await draw(page, digit);
    await expectAnswer(page, digit);
    await page.getByTestId('clear').click();
  }
  await draw(page, '7');
  await expectAnswer(page, '7');
  await expect(page.getByTestId('device')).toHaveText(devices[target]);
  await expect(page.getByTestId('time')).toHaveText(/\d/);
  await expect(page.getByTestId('bars').getByRole('listitem').nth(7)).toContainText(/^7\s*(100|[5-9]\d)/);

  for (const colour of ['red', 'blue'] as const) {
    await dropImage(page, await paint(page, colour), 'image/png');
    await expectAnswer(page, colourLabels[colour]);
  }
  await expect(page.getByTestId('device')).toHaveText(devices[target]);
  await page.getByTestId('clear').click();
}

for (const some of [['cpu', 'tpu'], ['gpu']] satisfies (keyof typeof devices)[][]) {
  // WebGPU in software keeps all cores busy for long.
  const alone = some.some((target) => target === 'gpu') ? { tag: '@alone' } : {};
  test(`a dropped photo of a dog is a golden retriever on ${some.join(' and ')}`, alone, async ({ page, site }) => {
    test.skip(!fixtures, withoutFixtures);
    const model = encodeURIComponent(`${site.origin}/fixtures/models/squeezenet.onnx`);
    await page.goto(`${site.origin}/?software-adapter&squeezenet=${model}`);
    for (const target of some) await test.step(target, () => expectDog(page, target));
  });
}

async function expectDog(page: Page, target: keyof typeof devices): Promise<void> {
  await page.getByTestId(`target-${target}`).check();
  await drop(page, 'dog.jpg');
  await expectAnswer(page, 'golden retriever');
  await expect(page.getByTestId('device')).toHaveText(devices[target]);
  if (target === 'tpu') await expectWebNNRuns(page);
}

test('the page opens with an answer, and compares, measures, explains and draws by keys', async ({ page, site }) => {
  await page.goto(`${site.origin}/?squeezenet=${encodeURIComponent(`${site.origin}/nothing.onnx`)}`);

  await test.step('a sample is recognised without a click', () => expectAnswer(page, '3'));

  await test.step('every sample is recognised', async () => {
    for (const digit of Array(10).keys()) {
      await page.getByLabel(`Sample of the digit ${digit}`).click();
      await expect(page.getByTestId('answer')).toHaveText(String(digit));
    }
  });

  await test.step('a call is divided into its parts', async () => {
    await expect(page.getByTestId('flow').getByRole('listitem')).toHaveText([
      /^Guest\d+(\.\d+)? m?s/,
      /^Queue\d+(\.\d+)? m?s/,
      /^Dispatch\d+(\.\d+)? m?s/,
      /^Backend\d+(\.\d+)? m?s/,
      /^Guest\d+(\.\d+)? m?s/,
    ]);
    await expect(page.getByTestId('flow-total')).toHaveText(/\d m?s in all/);
  });

  await test.step('targets are compared on one picture, and the page says why one was not used', async () => {
    await page.getByTestId('compare').click();
    await expect(page.getByTestId('compare')).toBeEnabled({ timeout: 45_000 });
    await expect(page.getByTestId('compare-cpu')).toContainText(/Ran on the processor: WebAssembly.*\d m?s warm|\d/);
    const gpu = page.getByTestId('compare-gpu');
    await expect(gpu).toContainText('Fell back, and ran on the processor');
    await expect(gpu.getByRole('img')).toHaveAttribute('aria-label', /latest \d+ warm answers took from/);
    await gpu.getByText('Why not on the GPU?').click();
    await expect(gpu).toContainText('only imitates one');
    await page.getByTestId('target-gpu').check();
    await expect(page.getByTestId('device')).toHaveText(/WebAssembly/);
    await expect(page.getByTestId('fallback')).toContainText('software adapter');
    await page.getByTestId('target-cpu').check();
  });

  await test.step('a digit is drawn by keys', async () => {
    await page.getByTestId('canvas').press('Delete');
    await expect(page.getByTestId('answer')).toHaveText('–');
    await page.getByTestId('canvas').press('Space');
    for (let step = 0; step < 15; step++) await page.getByTestId('canvas').press('ArrowDown');
    await page.getByTestId('canvas').press('Space');
    await expectAnswer(page, '1');
  });

  await test.step('a photo model that cannot be downloaded is explained, and digits still work', async () => {
    const photo = { name: 'photo.png', mimeType: 'image/png', buffer: smallestPhoto };
    await page.getByTestId('photo-input').setInputFiles(photo);
    await expect(page.getByTestId('result')).toHaveAttribute('data-state', 'error');
    await expect(page.getByTestId('message')).toContainText('404');
    await draw(page, '7');
    await expectAnswer(page, '7');
  });

  await test.step('a download is cancelled and resumed', async () => {
    let release = (): void => undefined;
    site.answer('/nothing.onnx', (_, response) => {
      response.writeHead(200, { 'Content-Length': colourModel.byteLength });
      response.write(colourModel.subarray(0, 100));
      release = () => response.end(colourModel.subarray(100));
    });
    const blue = { name: 'blue.png', mimeType: 'image/png', buffer: Buffer.from(await paint(page, 'blue'), 'base64') };
    await page.getByTestId('photo-input').setInputFiles(blue);
    await page.getByTestId('cancel-download').click();
    await expect(page.getByTestId('message')).toContainText('What has come is kept');
    site.answer('/nothing.onnx', (_, response) => response.end(colourModel));
    await page.getByTestId('resume-download').click();
    await expectAnswer(page, colourLabels.blue);
    release();
  });

  await test.step('a photo is pasted', async () => {
    await paste(page, await paint(page, 'red'));
    await expectAnswer(page, colourLabels.red);
  });

  await test.step('a picture is taken with the camera, and a camera that is refused is explained', async () => {
    await setCamera(page, undefined);
    await page.getByTestId('camera').click();
    await expect(page.locator('#camera-message')).toContainText('The camera cannot be used: refused');
    await page.getByRole('button', { name: 'Close' }).click();
    await setCamera(page, 'blue');
    await page.getByTestId('camera').click();
    await page.getByRole('button', { name: 'Take it' }).click();
    await expectAnswer(page, colourLabels.blue);
  });

  await test.step('the page says that there is no network, and digits still work', async () => {
    await page.context().setOffline(true);
    await expect(page.getByTestId('offline-notice')).toContainText('There is no network');
    await draw(page, '7');
    await expectAnswer(page, '7');
    await page.context().setOffline(false);
    await expect(page.getByTestId('offline-notice')).toBeEmpty();
  });
});

test('the page shows what it keeps on the device, and deletes it', async ({ page, site }) => {
  const modelRequests = () => site.requests.filter((request) => request.endsWith('digits.onnx')).length;
  await page.goto(site.origin);
  await expect(page.getByTestId('kept')).toContainText('347 kB');
  await page.reload();
  await expect(page.getByTestId('kept')).toContainText('347 kB');
  expect(modelRequests()).toBe(1);

  await page.getByTestId('delete-models').click();
  await expect(page.getByTestId('kept')).toBeHidden();
});

async function draw(page: Page, digit: string): Promise<void> {
  const box = await page.getByTestId('canvas').boundingBox();
  if (!box) throw new Error('the canvas is not visible');
  const at = ([x, y]: Point): Point => [box.x + x * box.width, box.y + y * box.height];
  for (const [start, ...rest] of strokes[digit] ?? []) {
    if (!start) continue;
    await page.mouse.move(...at(start));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point));
    await page.mouse.up();
  }
}

async function drop(page: Page, photo: string): Promise<void> {
  await dropImage(page, readFixture(`images/${photo}`).toString('base64'), 'image/jpeg');
}

/** A photo of one colour. @returns a PNG file, in base64 */
function paint(page: Page, colour: string): Promise<string> {
  return page.evaluate((colour) => {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    if (!pen) throw new Error('the page has no 2D canvas');
    pen.fillStyle = colour;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    return canvas.toDataURL('image/png').split(',')[1] ?? '';
  }, colour);
}

async function dropImage(page: Page, base64: string, type: string): Promise<void> {
  const dataTransfer = await page.evaluateHandle(
    ({ base64, type }) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], 'photo', { type }));
      return transfer;
    },
    { base64, type },
  );
  await page.getByTestId('drop-zone').dispatchEvent('drop', { dataTransfer });
}

function paste(page: Page, base64: string): Promise<void> {
  return page.evaluate((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }));
    document.dispatchEvent(new ClipboardEvent('paste', { clipboardData }));
  }, base64);
}

/** Gives the page a camera that sees one colour, or that the visitor refuses. */
function setCamera(page: Page, colour: string | undefined): Promise<void> {
  return page.evaluate((colour) => {
    navigator.mediaDevices.getUserMedia = async () => {
      if (!colour) throw new Error('refused');
      const canvas = document.createElement('canvas');
      const pen = canvas.getContext('2d');
      if (!pen) throw new Error('the page has no 2D canvas');
      const stream = canvas.captureStream();
      const paintFrame = () => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, canvas.width, canvas.height);
        if (stream.active) requestAnimationFrame(paintFrame);
      };
      paintFrame();
      return stream;
    };
  }, colour);
}

async function expectAnswer(page: Page, label: string): Promise<void> {
  const result = page.getByTestId('result');
  await expect(result).toHaveAttribute('data-state', 'ready', { timeout: 45_000 });
  await expect(page.getByTestId('answer')).toContainText(label, { ignoreCase: true });
}

/** Counts, in the engine's worker, the computations that WebNN itself gets while the photo is classified once more. */
async function expectWebNNRuns(page: Page): Promise<void> {
  const engine = findEngine(page);
  await engine.evaluate(() => {
    const prototype = Reflect.get(Reflect.get(globalThis, 'MLContext'), 'prototype');
    const dispatch = Reflect.get(prototype, 'dispatch');
    Reflect.set(globalThis, 'dispatches', 0);
    Reflect.set(prototype, 'dispatch', function (this: object, ...values: unknown[]) {
      Reflect.set(globalThis, 'dispatches', Reflect.get(globalThis, 'dispatches') + 1);
      return Reflect.apply(dispatch, this, values);
    });
  });
  await drop(page, 'dog.jpg');
  await expect.poll(() => engine.evaluate(() => Reflect.get(globalThis, 'dispatches'))).toBeGreaterThan(0);
  await expectAnswer(page, 'golden retriever');
}

/** The engine for accelerators, which starts after the one for the CPU. */
function findEngine(page: Page): Worker {
  const engine = page.workers().findLast((worker) => worker.url().includes('/engine-worker-'));
  if (engine) return engine;
  throw new Error('the page has no engine worker');
}

function onCircle(turn: number): Point {
  return [0.5 + 0.2 * Math.sin(turn * 2 * Math.PI), 0.5 - 0.3 * Math.cos(turn * 2 * Math.PI)];
}

/** A PNG image of one pixel. */
const smallestPhoto = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
