import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { Waiting } from '../src/index.js';
import type { Name } from '../src/transpiler/component-assembler.fixture.js';
import { componentWith, type Place } from '../src/transpiler/every-name.fixture.js';
import { attackOn, canary, coreNamePlaces, payload } from '../src/transpiler/hostile-names.fixture.js';
import { componentWithList } from '../src/transpiler/long-list.fixture.js';
import { runIn, type Tab } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { type Call, damageKeptScripts, type Outcome, startGuest } from './hostile-page.js';
import type { Site } from './site.js';

// Components that were made to get code into the page, or to hold it up, most of them by names alone. Each is tried in
// every browser, and in each of the ways in which a guest can wait there.

/** Calls that every guest of `componentWith` answers in the same way, unless the functions have other names. */
const honestCalls: readonly Call[] = [
  { path: ['textFunction'], values: ['seven'] },
  { path: ['test:guest/api@1.0.0', 'nestedExport'], values: [7] },
];
const honestAnswers = ['5', '7'];

function serve(site: Site, component: Uint8Array, file = '/guest.wasm'): void {
  site.answer(file, (_, response) => response.end(component));
}

async function startIn(tab: Tab, waiting: Waiting, calls = honestCalls, url = '/guest.wasm'): Promise<Outcome> {
  // A page answers in JSON, of this form.
  return (await runIn(tab, startGuest, { url, waiting, calls })) as Outcome;
}

interface Case {
  readonly component: Uint8Array;
  readonly calls?: readonly Call[];
}

interface GuestPage {
  readonly tab: Tab;
  readonly site: Site;
  readonly waiting: Waiting;
}

/**
 * Starts components, one after another, on the page that the tab has open. Whatever they are, no code of them is run, and the
 * page goes on meanwhile.
 *
 * @returns what each answers, by its title
 */
async function tryComponents(
  { tab, site, waiting }: GuestPage,
  cases: Readonly<Record<string, Case>>,
): Promise<Record<string, readonly string[]>> {
  const answers: Record<string, readonly string[]> = {};
  for (const [index, [title, { component, calls }]] of Object.entries(cases).entries()) {
    const url = `/guest-${index}.wasm`;
    serve(site, component, url);
    const outcome = await startIn(tab, waiting, calls, url);
    expect(outcome.isReached, title).toBe(false);
    expect(outcome.longestPause, title).toBeLessThan(1000);
    expectNoCanary(site);
    answers[title] = outcome.answers;
  }
  return answers;
}

/** Starts one component on a fresh page. */
async function tryComponent(page: GuestPage, component: Uint8Array): Promise<readonly string[] | undefined> {
  await page.tab.open(`${page.site.origin}/blank.html`);
  const { only } = await tryComponents(page, { only: { component } });
  return only;
}

/** The same answers for each case. */
function eachAnswers(cases: Readonly<Record<string, Case>>, answers: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.keys(cases).map((title) => [title, answers]));
}

/** The server was not asked for what only a guest's code asks for. */
function expectNoCanary(site: Site): void {
  expect(site.requests.filter((request) => request.includes(canary))).toEqual([]);
}

test('guests run as any other or are refused, whatever names and lists they have', async ({ tab, site, waiting }) => {
  const page = { tab, site, waiting };
  await tab.open(`${site.origin}/blank.html`);
  await test.step('guests with code for the name of each part run as any other, and the code does not', () =>
    expectHonestAnswers(page));
  await test.step('guests with names that mean something in JavaScript start, and answer', () =>
    expectUnusualNames(page));
  await test.step('guests with names that no honest guest has are refused', () => expectRefusals(page));
  await test.step('a guest whose list is not within its 64 KiB of memory traps', () => expectBoundLists(page));
});

async function expectHonestAnswers(page: GuestPage): Promise<void> {
  const cases = Object.fromEntries(
    coreNamePlaces.map((place) => [place, { component: componentWith({ [place]: attackOn(place, 'attack') }) }]),
  );
  expect(await tryComponents(page, cases)).toEqual(eachAnswers(cases, honestAnswers));
}

test('a guest leaves nothing behind that is run with another guest on the next visit', async ({
  tab,
  site,
  waiting,
}) => {
  await tryComponent({ tab, site, waiting }, componentWith({ 'core export': attackOn('core export', 'attack') }));
  await tryComponent({ tab, site, waiting }, componentWith({}));
  expect(await tryComponent({ tab, site, waiting }, componentWith({}))).toEqual(honestAnswers);
});

/** Names that mean something in JavaScript, and that an honest guest may have. */
const unusualNames: readonly [Partial<Readonly<Record<Place, Name>>>, Call, string][] = [
  [{ 'exported function': 'then' }, { path: ['then'], values: [{ x: 7 }] }, '7'],
  [{ 'exported function': 'constructor' }, { path: ['constructor'], values: [{ x: 7 }] }, '7'],
  [{ 'exported function': 'arguments' }, { path: ['arguments'], values: [{ x: 7 }] }, '7'],
  [{ 'exported function': 'eval' }, { path: ['eval'], values: [{ x: 7 }] }, '7'],
  [{ 'exported function': 'undefined' }, { path: ['undefined'], values: [{ x: 7 }] }, '7'],
  [{ 'exported function': 'exports0' }, { path: ['exports0'], values: [{ x: 7 }] }, '7'],
  [{ 'exported function': 'HTTP-get' }, { path: ['httpGet'], values: [{ x: 7 }] }, '7'],
  [{ 'record field': 'constructor' }, { path: ['recordFunction'], values: [{ constructor: 7 }] }, '7'],
  [{ 'record field': 'then' }, { path: ['recordFunction'], values: [Object.fromEntries([['then', 7]])] }, '7'],
  [{ 'variant case': 'then' }, { path: ['variantFunction'], values: [{ tag: 'then', val: 7 }] }, '7'],
  [{ 'enum label': 'prototype' }, { path: ['enumFunction'], values: ['prototype'] }, '0'],
  [{ 'exported interface': 'a:b/then' }, { path: ['a:b/then', 'nestedExport'], values: [7] }, '7'],
  [{ 'exported interface': 'plain-name' }, { path: ['plain-name', 'nestedExport'], values: [7] }, '7'],
  [{ 'exported inline interface': 'promise' }, { path: ['promise', 'inlineExport'], values: [7] }, '7'],
  [{ 'nested export': 'then' }, { path: ['test:guest/api@1.0.0', 'then'], values: [7] }, '7'],
  [{ resource: 'promise' }, { path: ['test:guest/resources@1.0.0', 'Promise', 'echo'], values: [7] }, '7'],
  [{ resource: 'map' }, { path: ['test:guest/resources@1.0.0', 'Map', 'echo'], values: [7] }, '7'],
  [
    { 'static resource member': 'prototype' },
    { path: ['test:guest/resources@1.0.0', 'Thing', 'prototype'], values: [7] },
    '7',
  ],
];

async function expectUnusualNames(page: GuestPage): Promise<void> {
  const cases: Record<string, Case> = {};
  const expected: Record<string, readonly string[]> = {};
  for (const [names, call, answer] of unusualNames) {
    cases[JSON.stringify(names)] = { component: componentWith(names), calls: [call] };
    expected[JSON.stringify(names)] = [answer];
  }
  expect(await tryComponents(page, cases)).toEqual(expected);
}

const attack = `a'+${payload('attack')}+'`;

/** Names that no honest guest has, and how the error begins. */
const refusedNames: readonly [Partial<Readonly<Record<Place, Name>>>, string][] = [
  [{ 'exported function': attack }, "invalid-argument: instantiate: the component's name \"a'+(globalThis"],
  [{ 'imported function': attack }, "invalid-argument: instantiate: the component's name"],
  [{ 'record field': attack }, "invalid-argument: instantiate: the component's name"],
  [{ parameter: 'x\u2028y' }, 'invalid-argument: instantiate: the component\'s name "x\\u2028y"'],
  [{ 'enum label': Uint8Array.of(0xed, 0xa0, 0x80) }, 'invalid-argument: instantiate: the component is damaged'],
  [{ 'nested import': `url=<'${payload('attack')}'>` }, "unsupported-operation: instantiate: the component's name"],
  [{ 'imported interface': `integrity=<${payload('x')}>` }, "unsupported-operation: instantiate: the component's name"],
  [{ 'resource member': 'then' }, 'unsupported-operation: instantiate: the component\'s name "[method]thing.then"'],
  [
    { 'exported inline interface': 'a:b/c@1.0.0\n' },
    'invalid-argument: instantiate: the component\'s name "a:b/c@1.0.0\\n"',
  ],
];

async function expectRefusals(page: GuestPage): Promise<void> {
  const cases: Record<string, Case> = {};
  const expected: Record<string, unknown> = {};
  for (const [names, error] of refusedNames) {
    cases[JSON.stringify(names)] = { component: componentWith(names) };
    expected[JSON.stringify(names)] = [expect.stringContaining(`refused: WasiNNError ${error}`)];
  }
  const answers = await tryComponents(page, cases);
  expect(answers).toEqual(expected);
  for (const [answer] of Object.values(answers)) expect(answer).not.toMatch(/[\n\u2028\u2029]/);
}

test('a script that is damaged where it is kept is not run, but made again', async ({ tab, site, waiting }) => {
  await tryComponent({ tab, site, waiting }, componentWith({}));
  expect(await runIn(tab, damageKeptScripts, `${payload('kept')};`)).toBeGreaterThan(0);
  expect(await tryComponent({ tab, site, waiting }, componentWith({}))).toEqual(honestAnswers);
});

async function expectBoundLists(page: GuestPage): Promise<void> {
  const calls = [{ path: ['numbers'], values: [] }];
  const outside = {
    'u64[0xffffffff] at 16': { component: componentWithList('u64', 16, 0xffff_ffff), calls },
    'u8[0xffffffff] at 16': { component: componentWithList('u8', 16, 0xffff_ffff), calls },
    'u32[2] at 65532': { component: componentWithList('u32', 65_532, 2), calls },
    'f64[1] at 0xfffffff8': { component: componentWithList('f64', 0xffff_fff8, 1), calls },
  };
  const largest = { component: componentWithList('u64', 0, 8192), calls };
  expect(await tryComponents(page, { ...outside, 'u64[8192] at 0': largest })).toEqual({
    ...eachAnswers(outside, [expect.stringContaining('refused: GuestTrap')]),
    'u64[8192] at 0': ['65536 bytes'],
  });
}

test('a transpiler that could not be loaded is replaced for the next guest', async ({ tab, site, waiting }) => {
  const assets = path.resolve(import.meta.dirname, '../dist/standalone/assets');
  const core = readdirSync(assets).find((file) => /^js-component-bindgen-component\.core-.*\.wasm$/.test(file));
  const file = `/lib/assets/${core}`;
  const answered: string[] = [];
  site.answer(file, (_, response) => {
    answered.push('not found');
    response.writeHead(404).end();
  });
  serve(site, componentWith({}));
  await tab.open(`${site.origin}/blank.html`);
  const outcomes = (await runIn(tab, startTwice, waiting)) as string[];
  expect(outcomes[0]).toMatch(/^runtime-error: instantiate: the transpiler could not be loaded/);
  expect(outcomes[1]).toMatch(/^runtime-error: instantiate: the transpiler could not be loaded/);
  expect(answered).toHaveLength(2);
});

async function startTwice(waiting: Waiting): Promise<string[]> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const nn = createWasiNN();
  const outcomes: string[] = [];
  for (let time = 0; time < 2; time++) {
    const outcome = await nn.instantiate('/guest.wasm', { waiting }).then(
      () => 'started',
      (cause) => `${cause.code}: ${cause.message}`,
    );
    outcomes.push(outcome);
  }
  nn.dispose();
  return outcomes;
}

test('a guest that takes too long to transpile, or is aborted meanwhile, is alone in that', async ({
  tab,
  site,
  waiting,
}) => {
  serve(site, componentWith({}));
  await tab.open(`${site.origin}/blank.html`);
  expect(await runIn(tab, startWithLimits, waiting)).toEqual({
    tooLong: 'timeout',
    module: 'started',
    aborted: 'enough',
    meanwhile: 'started',
    afterwards: 'started',
  });
});

async function startWithLimits(waiting: Waiting): Promise<unknown> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../src/index.js') = await import(library);
  const end = (started: Promise<unknown>) =>
    started.then(
      () => 'started',
      (cause) => cause.code ?? cause,
    );
  const hurried = createWasiNN({ limits: { transpileMilliseconds: 1 } });
  const [tooLong, module] = await Promise.all([
    end(hurried.instantiate('/guest.wasm', { waiting })),
    end(hurried.instantiate('/guests/witx-probe.wasm', { waiting })),
  ]);
  hurried.dispose();
  const nn = createWasiNN();
  const controller = new AbortController();
  const first = end(nn.instantiate('/guest.wasm', { waiting, signal: controller.signal }));
  const second = end(nn.instantiate('/guest.wasm', { waiting }));
  controller.abort('enough');
  const [aborted, meanwhile] = await Promise.all([first, second]);
  const afterwards = await end(nn.instantiate('/guest.wasm', { waiting }));
  nn.dispose();
  return { tooLong, module, aborted, meanwhile, afterwards };
}
