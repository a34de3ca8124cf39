import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { componentWith } from '../src/transpiler/every-name.fixture.js';
import { attackOn, coreNamePlaces } from '../src/transpiler/hostile-names.fixture.js';
import { runIn } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { openSession, serveSession } from './hostile/session-page.js';
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

function serveUnchecked(site: Site, component: Uint8Array): void {
  switchChecksOff(site);
  site.answer('/guest.wasm', (_, response) => response.end(component));
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

for (const place of coreNamePlaces) {
  test(`code in the name of a ${place} finds nothing when it runs`, async ({ tab, site, waiting }) => {
    const { requests } = serveSession(site);
    serveUnchecked(site, componentWith({ [place]: attackOn(place, '', injected) }));
    await openSession(tab, site, waiting);
    const seen = await runIn(tab, start, '/guest.wasm');
    // What jco writes at one place is no script at all with this name in it.
    const ended = place === 'nested core export' ? /it cannot be parsed/ : nothingWorked;
    expect(seen).toEqual({ ...untouched, ended: expect.stringMatching(ended) });
    expect(requests).toEqual([]);
    expectNoCanary(site);
  });
}

/** The one way out that a worker cannot take from code, so that the transpiler refuses it, whatever else it checks. */
const loading = {
  'a module': "import('/canary.js')",
  'the private page': "import('/private')",
  'a module of another scheme': "import('data:text/javascript,fetch(1)')",
  'its own address': 'import.meta.url',
};

for (const [what, expression] of Object.entries(loading)) {
  test(`code in a name that loads ${what} is refused`, async ({ tab, site, waiting }) => {
    const { requests } = serveSession(site);
    serveUnchecked(site, componentWith({ 'core export': attackOn('core export', '', expression) }));
    await openSession(tab, site, waiting);
    const ended = /^WasiNNError unsupported-operation: .*(?:ImportExpression|import\.meta)/;
    const seen = await runIn(tab, start, '/guest.wasm');
    expect(seen).toEqual({ ...untouched, ended: expect.stringMatching(ended) });
    expect(requests).toEqual([]);
    expectNoCanary(site);
  });
}

function expectNoCanary(site: Site): void {
  expect(site.requests.filter((request) => request.includes('canary'))).toEqual([]);
}
