import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runIn } from './browsers/browser.js';
import { expect, test } from './browsers/test.js';
import { openSession, serveSession } from './hostile/session-page.js';
import type { Site } from './site.js';

// A guest's worker under the guest's control: the page believes nothing that it says.

/** Answers for the guest worker with a script that says something else. */
function replaceWorker(site: Site, script: string): void {
  const assets = path.resolve(import.meta.dirname, '../dist/standalone/assets');
  const file = readdirSync(assets).find((name) => /^guest-worker-.*\.js$/.test(name));
  if (file === undefined) throw new Error('the library has not been built: npm run build:standalone');
  site.answer(`/lib/assets/${file}`, (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(script);
  });
}

/** What the scripts have for responding to requests. `accept` answers the first, which starts the guest. */
const library = `
  const respond = (data, result) => postMessage({ response: data.request, result });
  const accept = (data) => respond(data, { value: { functions: ['run'], hasMemory: false } });`;

/** What scripts do when the page requests something. */
const scripts = {
  'nothing of the protocol': "postMessage({ type: 'navigate', to: '/canary' });",
  'no object': "postMessage('started');",
  'functions that are none': 'respond(data, { value: { functions: [{}], hasMemory: false } });',
  'very many functions': "respond(data, { value: { functions: new Array(5e6).fill('f'), hasMemory: false } });",
  'a failure of no kind': "respond(data, { failure: { kind: 'constructor' } });",
  'an error with a code of its own':
    "respond(data, { failure: { kind: 'error', error: { code: '__proto__', message: '' } } });",
  'an error that is none': 'postMessage({ response: data.request, error: undefined });',
  'output that is no bytes':
    "postMessage({ method: 'output', parameters: { stream: 'stdout', bytes: { length: 1e9 } } });",
  'a request of its own': "postMessage({ request: 0, method: 'start', parameters: {} });",
  'a response that has no result': "if (data.method === 'start') accept(data); else postMessage({ response: 1 });",
};

test('a worker that breaks the protocol is ended', async ({ tab, site, waiting }) => {
  const attempts = serveSession(site);
  await openSession(tab, site, waiting);
  for (const [what, script] of Object.entries(scripts)) {
    await test.step(`it says ${what}`, async () => {
      replaceWorker(site, `${library} addEventListener('message', ({ data }) => { ${script} });`);
      const outcome = await runIn(tab, untilEnded, undefined);
      expect(outcome).toEqual({
        ended: expect.stringMatching(/^WasiNNError runtime-error: the guest was ended: /),
        reached: [],
      });
      expect(attempts.requests).toEqual([]);
    });
  }
});

/** Calls the guest until that fails. */
async function untilEnded(): Promise<unknown> {
  const { nn, waiting, outcome, reached } = sessionPage;
  const use = async () => {
    const { exports } = await nn.instantiate<{ run(): Promise<unknown> }>('/guests/exit.wasm', { waiting });
    for (;;) await exports.run();
  };
  return { ended: await outcome(use()), reached };
}

const deep = 'let value = 1; for (let depth = 0; depth < 2e4; depth++) value = [value];';
const cyclic = 'const value = {}; value.self = value;';
const wide =
  "const value = Object.fromEntries(Array.from({ length: 1e5 }, (_, index) => ['k' + index, 'v'.repeat(100)]));";

test('an error with a value of any form has a short text', async ({ tab, site, waiting }) => {
  serveSession(site);
  await openSession(tab, site, waiting);
  for (const [what, build] of Object.entries({ deep, cyclic, wide })) {
    await test.step(`a ${what} value`, async () => {
      replaceWorker(
        site,
        `${library} addEventListener('message', ({ data }) => {
          if (data.method === 'start') return accept(data);
          ${build}
          respond(data, { failure: { kind: 'result', payload: value } });
        });`,
      );
      const { ended } = { ...Object(await runIn(tab, untilEnded, undefined)) };
      expect(ended).toMatch(
        /^(GuestError: the guest answered with an error|WasiNNError runtime-error: the guest (was ended|worker failed))/,
      );
      expect(ended.length).toBeLessThan(10_000);
    });
  }
});

test('a response that nobody waits for is ignored', async ({ tab, site, waiting }) => {
  serveSession(site);
  replaceWorker(
    site,
    `${library} addEventListener('message', ({ data }) => {
      if (data.method === 'start') return accept(data);
      for (const value of [data.request, 'again']) respond(data, { value });
      postMessage({ response: 99, result: { value: 'to nobody' } });
    });`,
  );
  await openSession(tab, site, waiting);
  expect(await runIn(tab, callThreeTimes, undefined)).toEqual([1, 2, 3]);
});

async function callThreeTimes(): Promise<unknown[]> {
  const { nn, waiting } = sessionPage;
  const { exports } = await nn.instantiate<{ run(): Promise<unknown> }>('/guests/exit.wasm', { waiting });
  return [await exports.run(), await exports.run(), await exports.run()];
}
