import path from 'node:path';
import type { Page } from '@playwright/test';
import { fixtures } from '../fixture-data.js';
import { expect, test } from '../test.js';

interface Shot {
  readonly name: string;
  readonly path: string;
  /** Waits until the page shows what is worth a picture. */
  prepare?(page: Page): Promise<void>;
}

const shots: readonly Shot[] = [
  {
    name: 'classify',
    path: '/',
    async prepare(page) {
      await expect(page.getByTestId('result')).toHaveAttribute('data-state', 'ready');
      await page.getByTestId('compare').click();
      await expect(page.getByTestId('compare')).toBeEnabled({ timeout: 60_000 });
      await page.getByLabel('Sample of the digit 7').click();
      await expect(page.getByTestId('answer')).toHaveText('7');
    },
  },
  {
    name: 'text',
    path: '/text/',
    async prepare(page) {
      await page.getByTestId('write').click();
      await expect(page.getByTestId('state')).toHaveText(/Done/);
    },
  },
  {
    name: 'run',
    path: '/run/',
    async prepare(page) {
      await page.getByRole('button', { name: 'Core module, crate 0.6' }).click();
      await expect(page.getByTestId('state')).toHaveText(/Exit code/);
    },
  },
  { name: 'formats', path: '/formats/' },
  {
    name: 'formats-answered',
    path: '/formats/',
    async prepare(page) {
      if (!fixtures) return;
      const folder = fixtures;
      await page.getByTestId('files-onnx').setInputFiles(path.join(folder, 'models/squeezenet.onnx'));
      const openvino = ['xml', 'bin'].map((ending) => path.join(folder, `encodings/openvino/squeezenet.${ending}`));
      await page.getByTestId('files-openvino').setInputFiles(openvino);
      await expect(page.getByTestId('state')).toHaveText(/Done/);
    },
  },
  {
    name: 'models',
    path: '/storage/',
    async prepare(page) {
      await page.getByRole('button', { name: /Download Digits/ }).click();
      await expect(page.getByRole('button', { name: /Delete Digits/ })).toBeVisible();
    },
  },
  { name: 'conformance', path: '/conformance/' },
  {
    name: 'benchmark',
    path: '/benchmark/?quick',
    async prepare(page) {
      await page.getByTestId('run').click();
      await expect(page.getByTestId('state')).toHaveText('Done.');
    },
  },
  { name: 'code', path: '/code/' },
];

const wanted = (process.env.DEMO_PAGES ?? '').split(',').filter(Boolean);
const folder = path.resolve(import.meta.dirname, '../.output/screenshots');

for (const { name, path: address, prepare } of shots) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  test(name, async ({ page, site }) => {
    await page.setViewportSize({ width: 1280, height: 1010 });
    await page.goto(`${site.origin}${address}`);
    await prepare?.(page);
    // What fits a screen: the README has it of the first page.
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: path.join(folder, `${name}.png`) });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        await page.screenshot({ path: path.join(folder, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    }
  });
}
