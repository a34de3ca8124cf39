import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Waiting } from '../src/index.js';
import { componentWith } from '../src/transpiler/every-name.fixture.js';
import { attackOn, coreNamePlaces } from '../src/transpiler/hostile-names.fixture.js';
import { runIn, type Tab } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { expectResponsive, openSession, serveSession } from './hostile/session-page.js';
import type { Site } from './site.js';

// What holds where the checks of a component's names and of its glue fail: the library as it is, with both switched off.
// Names become code then, and the guest's worker runs it.

/** Answers for the transpiler's worker with one that makes neither check. */
function switchChecksOff(site: Site): void {
  const assets = path.resolve(import.meta.dirname, '../dist/standalone/assets');
  const file = readdirSync(assets).find((name) => /^transpiler-worker-.*\.js$/.test(name));
  if (file === undefined) throw new Error('the library has not been built: npm run build:standalone');
  const source = readFileSync(path.join(assets, file), 'utf8');
  const unchecked = source.replace('names:!0,glue:!0', 'names:!1,glue:!1');
  if (unchecked === source)
    throw new Error('the switch of the checks is not where it was: see src/transpiler/checks.ts');
  site.answer(`/lib/assets/${file}`, (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(unchecked);
  });
}

const attempts = [
  "fetch('/private')",
  "new XMLHttpRequest().open('GET','/private',false)",
  "new WebSocket('ws://'+location.host+'/canary')",
  "importScripts('/canary.js')",
  "new BroadcastChannel('canary').postMessage('here')",
  "postMessage('here')",
  "indexedDB.open('canary')",
  "eval('1')",
  "(()=>{}).constructor('return 1')()",
  'Promise.prototype.then=0',
  'globalThis.canary=1',
];

/** Tries all, and throws what came of it. */
const injected = `(()=>{throw new Error('injected code: '+[${attempts.map((attempt) => `()=>${attempt}`).join()}].map(f=>{try{f();return 'worked'}catch(e){return e.name}}))})()`;
const nothingWorked = /injected code: (?:ReferenceError,){8}TypeError,TypeError,TypeError$/;

/** What the page has of a guest that has touched nothing. */
const untouched = { reached: [], exitCode: 7, databases: [], canary: 'undefined' };

async function start(url: string): Promise<unknown> {
  const { nn, waiting, outcome, reached } = sessionPage;
  const use = async () => {
    const { exports } = await nn.instantiate<{ textFunction(text: string): Promise<number> }>(url, { waiting });
    await exports.textFunction('seven');
  };
  const ended = await outcome(use());
  const { exitCode } = await nn.run('/guests/exit.wasm', { args: ['7'], waiting });
  const databases = (await indexedDB.databases()).map(({ name }) => name).filter((name) => name?.includes('canary'));
  return { ended, reached, exitCode, databases, canary: typeof Reflect.get(globalThis, 'canary') };
}

/** Starts guests, one after another, on one page. Each ends as is to be seen, and nothing has been reached then. */
async function expectNothingReached(
  { tab, site, waiting }: { tab: Tab; site: Site; waiting: Waiting },
  guests: readonly (readonly [component: Uint8Array, ended: RegExp])[],
): Promise<void> {
  const { requests } = serveSession(site);
  switchChecksOff(site);
  await openSession(tab, site, waiting);
  for (const [index, [component, ended]] of guests.entries()) {
    const url = `/guest-${index}.wasm`;
    site.answer(url, (_, response) => response.end(component));
    expect(await runIn(tab, start, url)).toEqual({ ...untouched, ended: expect.stringMatching(ended) });
    expect(requests).toEqual([]);
    expect(site.requests.filter((request) => request.includes('canary'))).toEqual([]);
  }
  await expectResponsive(tab);
}

test('code in the name of any part finds nothing when it runs', async ({ tab, site, waiting }) => {
  const guests = coreNamePlaces.map((place) => {
    const component = componentWith({ [place]: attackOn(place, '', injected) });
    // What jco writes at one place is no script at all with this name in it.
    return [component, place === 'nested core export' ? /it cannot be parsed/ : nothingWorked] as const;
  });
  await expectNothingReached({ tab, site, waiting }, guests);
});

/** The one way out that a worker cannot take from code, so that the transpiler refuses it, whatever else it checks. */
const loading = [
  "import('/canary.js')",
  "import('/private')",
  "import('data:text/javascript,fetch(1)')",
  'import.meta.url',
];

test('code in a name that loads other code, or its own address, is refused', async ({ tab, site, waiting }) => {
  const guests = loading.map((expression) => {
    const component = componentWith({ 'core export': attackOn('core export', '', expression) });
    return [component, /^WasiNNError unsupported-operation: .*(?:ImportExpression|import\.meta)/] as const;
  });
  await expectNothingReached({ tab, site, waiting }, guests);
});
