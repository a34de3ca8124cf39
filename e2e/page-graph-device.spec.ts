import type { Page } from '@playwright/test';
import type { ExecutionTarget, Graph, WasiNN } from '../src/index.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';
import { patchEngine } from './waiting-page.js';

// The device that a page's graph names is where it runs now, also after the device or its driver has broken down.

declare global {
  var devicePage: { readonly nn: WasiNN; readonly graph: Graph };
}

async function openPage(page: Page, site: Site, target: ExecutionTarget): Promise<string> {
  await page.goto(`${site.origin}/blank.html`);
  return page.evaluate(async (target) => {
    const library = '/lib/wasi-nn-web.js';
    const { createWasiNN }: typeof import('../src/index.js') = await import(library);
    const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', target } }, allowSoftwareAdapter: true });
    const graph = await nn.loadByName('digits');
    globalThis.devicePage = { nn, graph };
    return graph.device.provider;
  }, target);
}

/** Computes once. @returns the provider that the graph names then */
function compute(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { graph } = devicePage;
    await graph.compute({ image: { dimensions: [1, 1, 28, 28], data: new Float32Array(28 * 28) } });
    return graph.device.provider;
  });
}

test('after its GPU is lost for good', async ({ page, site }) => {
  let isLost = false;
  site.answer('/adapter', (_, response) => response.end(isLost ? 'lost' : 'there'));
  patchEngine(
    site,
    `{
      const { requestAdapter } = GPU.prototype;
      GPU.prototype.requestAdapter = async function (...values) {
        const answer = await (await fetch('/adapter')).text();
        return answer === 'lost' ? null : requestAdapter.apply(this, values);
      };
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (...values) {
        const device = await requestDevice.apply(this, values);
        new BroadcastChannel('lose').onmessage = () => device.destroy();
        return device;
      };
    }`,
  );
  expect(await openPage(page, site, 'gpu')).toBe('webgpu');
  expect(await compute(page)).toBe('webgpu');
  isLost = true;
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        devicePage.nn.addEventListener('replace', resolve);
        new BroadcastChannel('lose').postMessage('now');
      }),
  );
  expect(await compute(page)).toBe('wasm');
});

test('after its first computation has failed there', async ({ page, site }) => {
  patchEngine(site, "MLContext.prototype.dispatch = () => { throw new Error('refused by the test') }");
  expect(await openPage(page, site, 'tpu')).toBe('webnn');
  expect(await compute(page)).toBe('webgpu');
});
