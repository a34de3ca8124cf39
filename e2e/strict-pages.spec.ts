import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { type Site, startSite } from './site.js';
import { expect, test } from './test.js';

/** What docs/security.md tells a strict page to allow. */
const policies = {
  'with components transpiled in the page': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval' blob:",
    "worker-src 'self'",
    "connect-src 'self'",
  ],
  'with core modules and transpiled components alone': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "connect-src 'self'",
  ],
} as const;

for (const [what, policy] of Object.entries(policies)) {
  test(`a page under the strict policy ${what} runs its guests`, async ({ page, site }) => {
    const violations: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) violations.push(message.text());
    });
    servePage(site, policy.join('; '), site.origin);
    const guest = what.includes('in the page') ? 'classify.component.wasm' : 'example-witx-0-6.wasm';
    await page.goto(`${site.origin}/strict.html?guest=${guest}`);
    await expectGuestToRun(page);
    expect(violations).toEqual([]);
  });
}

test('models run on each target under the strict policy, in its workers too, and with Trusted Types', async ({
  page,
  site,
}) => {
  const violations: string[] = [];
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) violations.push(message.text());
  });
  const policy = [
    ...policies['with core modules and transpiled components alone'],
    "require-trusted-types-for 'script'",
    'trusted-types wasi-nn-web',
  ].join('; ');
  servePage(site, policy, site.origin);
  serveWorkers(site, policy);
  await page.goto(`${site.origin}/strict.html?guest=none`);
  await expect(page.locator('#outcome')).not.toBeEmpty({ timeout: 60_000 });
  await expect(page.locator('#outcome')).toHaveText('wasm 10, webgpu 10, webnn 10');
  expect(violations).toEqual([]);
});

test('a page whose scripts are on another origin runs its guests, on threads', async ({ page, site }) => {
  const cdn = await startSite();
  try {
    servePage(
      site,
      `script-src 'self' 'wasm-unsafe-eval' blob: ${cdn.origin}; worker-src blob: ${cdn.origin}`,
      cdn.origin,
    );
    await page.goto(`${site.origin}/strict.html?guest=classify.component.wasm`);
    await expectGuestToRun(page);
    await expect(page.locator('#device')).toHaveText(/WebAssembly SIMD, \d threads/);
    expect(cdn.requests.some((request) => request.includes('engine-worker'))).toBe(true);
    expect(site.requests.some((request) => request.includes('engine-worker'))).toBe(false);
  } finally {
    await cdn.close();
  }
});

/** Serves a page with a policy, and the script that it runs: a policy worth its name allows no inline ones. */
function servePage(site: Site, policy: string, libraryOrigin: string): void {
  site.answer('/strict.html', (_, response) => {
    response.setHeader('Content-Security-Policy', policy);
    response.writeHead(200, { 'Content-Type': 'text/html' });
    response.end(
      '<!doctype html><p id="outcome"></p><p id="device"></p><script type="module" src="strict.js"></script>',
    );
  });
  site.answer('/strict.js', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script(libraryOrigin));
  });
}

/** Serves the scripts of workers with a policy: a worker has the one that it came with, and not its page's. */
function serveWorkers(site: Site, policy: string): void {
  const assets = path.resolve(import.meta.dirname, '../dist/standalone/assets');
  for (const name of readdirSync(assets).filter((file) => /-worker-.*\.js$/.test(file))) {
    site.answer(`/lib/assets/${name}`, (_, response) => {
      response.setHeader('Content-Security-Policy', policy);
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(path.join(assets, name)));
    });
  }
}

/** Starts the guest and has a digit's model loaded, by the guest or for the page itself. */
function script(libraryOrigin: string): string {
  return `
    import { createWasiNN } from '${libraryOrigin}/lib/wasi-nn-web.js';
    const show = (id, text) => { document.getElementById(id).textContent = text; };
    const url = '/models/digits.onnx';
    const targets = ['cpu', 'gpu', 'tpu'];
    const models = Object.fromEntries(targets.map((target) => [target, { url, target }]));
    const nn = createWasiNN({ allowSoftwareAdapter: true, models: { digits: url, ...models } });
    nn.addEventListener('load', ({ detail }) => show('device', detail.device.description));
    const guest = new URLSearchParams(location.search).get('guest');
    const pixels = new Uint8Array(28 * 28 * 4);
    const model = {
      name: 'digits', input: 'image', width: 28, height: 28, colour: 'grey', mean: [0.1], deviation: [0.3],
      inverted: true, softmax: true,
    };
    try {
      if (guest === 'none') {
        const image = { dimensions: [1, 1, 28, 28], data: new Float32Array(784) };
        const answers = [];
        for (const target of targets) {
          const graph = await nn.loadByName(target);
          const { scores } = await graph.compute({ image });
          answers.push(graph.device.provider + ' ' + scores.data.length);
        }
        show('outcome', answers.join(', '));
      } else if (guest.endsWith('.component.wasm')) {
        const { exports } = await nn.instantiate('/guests/' + guest);
        const guesses = await exports.classify({ width: 28, height: 28, pixels }, model, 1);
        show('outcome', 'ran: ' + guesses.length);
      } else {
        const options = ['--name', 'digits', '--shape', '1,1,28,28', '--tensor', 'paper', '--output-bytes', '40'];
        const { stdout, stderr } = await nn.run('/guests/' + guest, { args: options, files: { paper: new Uint8Array(3136) } });
        show('outcome', stdout.includes('1.)') ? 'ran: 1' : stderr);
      }
    } catch (error) {
      show('outcome', String(error));
    }`;
}

async function expectGuestToRun(page: Page): Promise<void> {
  await expect(page.locator('#outcome')).not.toBeEmpty({ timeout: 30_000 });
  await expect(page.locator('#outcome')).toHaveText('ran: 1');
}
