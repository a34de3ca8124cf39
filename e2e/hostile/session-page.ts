import { expect } from '@playwright/test';
import type { Waiting } from '../../src/index.js';
import { runIn, type Tab } from '../browsers/browser.js';
import type { Site } from '../site.js';

/** What hostile guests are after: a page with a session, whose server has something private for it. */

export const secret = 'the private notes of the session';

/** The requests that a hostile guest may have made. */
export interface Attempts {
  /** The paths that were asked for and are no part of the library, with whether the session's cookie came along. */
  readonly requests: readonly { readonly path: string; readonly hasCookie: boolean }[];
}

/** Serves `/session.html`, which sets a cookie, and `/private`, which takes it. @returns what was asked for afterwards */
export function serveSession(site: Site): Attempts {
  const requests: { path: string; hasCookie: boolean }[] = [];
  site.answer('/session.html', (_, response) => {
    response.setHeader('Set-Cookie', 'session=1; HttpOnly; SameSite=Lax; Path=/');
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>session</title>');
  });
  const watch = (path: string, content: string, type: string) =>
    site.answer(path, ({ headers }, response) => {
      requests.push({ path, hasCookie: headers.cookie?.includes('session=1') === true });
      response.setHeader('Content-Type', type).end(content);
    });
  watch('/private', secret, 'text/plain');
  watch('/canary', 'gone', 'text/plain');
  watch('/canary.js', 'globalThis.canary = "imported";', 'text/javascript');
  return { requests };
}

/** Opens the page with the session, with `nn` and a few helpers. */
export async function openSession(tab: Tab, site: Site, waiting: Waiting): Promise<void> {
  await tab.open(`${site.origin}/session.html`);
  await runIn(tab, prepareSession, waiting);
}

/** The page has gone on all the time: a frozen one is silent for as long as the guest likes. */
export async function expectResponsive(tab: Tab): Promise<void> {
  const longestPause = await runIn(tab, async () => sessionPage.longestPause(), undefined);
  expect(longestPause).toBeLessThan(1000);
}

/** What tests of hostile guests find on their page. */
interface SessionPage {
  readonly nn: import('../../src/index.js').WasiNN;
  readonly waiting: Waiting;
  /** What a call ended with: `fulfilled`, or the error's name, its code where it has one, and its text. */
  outcome(call: Promise<unknown>): Promise<string>;
  /** What has reached the page of those who should not reach it. */
  readonly reached: string[];
  /** The longest time in which the page ran no timer, in ms. */
  longestPause(): number;
}

declare global {
  var sessionPage: SessionPage;
}

async function prepareSession(waiting: Waiting): Promise<void> {
  const library = '/lib/wasi-nn-web.js';
  const { createWasiNN }: typeof import('../../src/index.js') = await import(library);
  const reached: string[] = [];
  const nn = createWasiNN({ models: { digits: { url: '/models/digits.onnx', immutable: true } } });

  async function outcome(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return 'fulfilled';
    } catch (cause) {
      if (!(cause instanceof Error)) return String(cause);
      return `${cause.name}${'code' in cause ? ` ${cause.code}` : ''}: ${cause.message}`;
    }
  }

  const channel = new BroadcastChannel('canary');
  channel.onmessage = ({ data }) => reached.push(`broadcast ${data}`);
  addEventListener('storage', () => reached.push('storage'));
  addEventListener('message', ({ data }) => reached.push(`message ${data}`));
  let last = performance.now();
  let longest = 0;
  setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 10);
  globalThis.sessionPage = { nn, waiting, outcome, reached, longestPause: () => longest };
}
