import type { Page } from '@playwright/test';
import { componentWith } from '../src/transpiler/every-name.fixture.js';
import { type HostileComponent, hostileComponents } from '../src/transpiler/hostile-components.fixture.js';
import { canary } from '../src/transpiler/hostile-names.fixture.js';
import { openComponent } from '../src/transpiler/open-component.js';
import { transpileGuest } from '../src/vite/transpile-guest.js';
import { patchWorkers } from './browsers/worker-script.js';
import { codeOutsideStrings } from './outside-strings.js';
import type { Site } from './site.js';
import { expect, test } from './test.js';

// Thousands of components with hostile names, made from a seed: through a page, and through the Vite plugin. Whatever a
// name is, its component runs as any other, or is refused in words.

const seed = 20_261_121;
const amount = 5000;
/** How many of them a short test takes, and each of the long ones. */
const few = 60;
const many = 500;

const all = hostileComponents(amount, seed);
/** Some from everywhere among them. */
const sample = all.filter((_, index) => index % Math.floor(amount / few) === 0);

/** Matches errors that refuse a component, and not those of anything else that fails. */
const refusal = /^(invalid-argument|unsupported-operation): instantiate: .{10,2000}$/u;
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

test('hostile names get nowhere in a page', async ({ page, site }) => {
  test.setTimeout(600_000);
  await tryInPage(page, site, sample);
});

test('hostile names get nowhere in what the Vite plugin makes', async () => {
  test.setTimeout(600_000);
  await tryInBuild(sample);
});

for (let start = 0; start < amount; start += many) {
  test(`hostile names ${start + 1} to ${start + many} of ${amount} get nowhere @long`, async ({ page, site }) => {
    test.setTimeout(1_800_000);
    const components = all.slice(start, start + many);
    await tryInPage(page, site, components);
    await tryInBuild(components);
  });
}

async function tryInPage(page: Page, site: Site, components: readonly HostileComponent[]): Promise<void> {
  const touched: string[] = [];
  page.on('console', (message) => {
    if (message.text().startsWith(canary)) touched.push(message.text());
  });
  watchCanary(site);
  site.fallBack((request, response) => {
    const index = Number(/^\/hostile\/(\d+)$/.exec(request.url ?? '')?.[1]);
    const component = components[index];
    if (component) response.end(componentWith(component.names));
    else response.writeHead(404).end();
  });
  await page.goto(`${site.origin}/blank.html`);
  const outcomes: Record<string, string> = {};
  for (const [index, { title }] of components.entries()) {
    outcomes[title] = await page.evaluate(tryGuest, `/hostile/${index}`);
  }
  expect(Object.entries(outcomes).filter(([, outcome]) => !isRight(outcome))).toEqual([]);
  expect(Object.values(outcomes)).toContain('ran: 5');
  expect(touched).toEqual([]);
  expect(await page.evaluate((name) => name in globalThis, `__${canary}`)).toBe(false);
  expect(site.requests.filter((path) => path.includes(canary))).toEqual([]);
}

function isRight(outcome: string): boolean {
  return outcome === 'ran: 5' || (refusal.test(outcome) && !unsafe.test(outcome));
}

/** Has the threads that a component comes to say so when it touches the canary. */
function watchCanary(site: Site): void {
  const watch = `Object.defineProperty(globalThis, '__${canary}', { set: (value) => console.log('${canary}', value) });`;
  for (const kind of ['guest-worker', 'transpiler-worker']) patchWorkers(site, kind, watch);
}

/** Starts a guest and calls it, on the page. */
async function tryGuest(url: string): Promise<string> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const shared: object = globalThis;
  const nn = 'hostNN' in shared ? (shared.hostNN as ReturnType<typeof createWasiNN>) : createWasiNN();
  Reflect.set(globalThis, 'hostNN', nn);
  try {
    const guest = await nn.instantiate<{ textFunction(text: string): Promise<number> }>(url);
    const length = await guest.exports.textFunction('seven');
    guest.dispose();
    return `ran: ${length}`;
  } catch (cause) {
    if (!(cause instanceof Error)) return `threw ${String(cause)}`;
    return `${Reflect.get(cause, 'code') ?? cause.name}: ${cause.message}`;
  }
}

async function tryInBuild(components: readonly HostileComponent[]): Promise<void> {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { names, title } of components) {
    const problem = await build(componentWith(names), seen);
    if (problem !== undefined) wrong.push(`${title}: ${problem}`);
  }
  expect(wrong).toEqual([]);
}

/** What is wrong with what the plugin makes of a component: nothing, for one that is refused in words. */
async function build(bytes: Uint8Array<ArrayBuffer>, seen: Set<string>): Promise<string | undefined> {
  try {
    // Most names are replaced: what jco gets is often what it has got before.
    const key = Buffer.from(openComponent(bytes).bytes).toString('base64');
    if (seen.has(key)) return undefined;
    seen.add(key);
    const { glue } = await transpileGuest(bytes, false);
    const found = Object.values(glue).flatMap((script) => codeOutsideStrings(script, canary));
    return found.length === 0 ? undefined : found.join();
  } catch (cause) {
    const text = cause instanceof Error ? `${Reflect.get(cause, 'code')}: ${cause.message}` : String(cause);
    return refusal.test(text) && !unsafe.test(text) ? undefined : text;
  }
}
