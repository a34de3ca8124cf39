import { once } from 'node:events';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Tab, TestBrowser } from './browser.js';
import { Program } from './program.js';
import { asynchronous, memberOf, otherTimeout, scriptTimeout, textOf } from './web-driver.js';

// WebKitGTK's MiniBrowser through its own driver, spoken to as the W3C's standard WebDriver says: Playwright drives no
// WebKit but the builds that it has patched. The browser needs a display, which Xvfb is.

const environment = {
  // WebKitGTK has shared memory, but gives it to no page without this; Safari gives it to isolated ones.
  JSC_useSharedArrayBuffer: '1',
  // Its second compiler holds up all threads of a page for up to 50 s when it compiles wllama.
  JSC_useOMGJIT: '0',
  // There is no graphics processor to look for, and nobody to read the screen to.
  LIBGL_ALWAYS_SOFTWARE: '1',
  NO_AT_BRIDGE: '1',
};

/** Starts the browser's driver, on a display of its own. */
export async function startWebKit(): Promise<TestBrowser> {
  const xvfb = new Program('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  try {
    const display = await displayOf(xvfb);
    let driver = await startDriver(display);
    return {
      async openTab() {
        const session = await startSession(driver.origin).catch(async (cause) => {
          if (!(cause instanceof DOMException && cause.name === 'TimeoutError')) throw cause;
          await driver.program.end();
          driver = await startDriver(display);
          return startSession(driver.origin);
        });
        return openTab(session);
      },
      async close() {
        await driver.program.end();
        await xvfb.end();
      },
    };
  } catch (cause) {
    await xvfb.end();
    throw cause;
  }
}

/** Xvfb looks for a display that is free, and writes its number when it can be used. */
async function displayOf(xvfb: Program): Promise<number> {
  const report = xvfb.child.stdio[3];
  if (!(report instanceof Readable)) throw new Error('Xvfb has no pipe to write its display to');
  const [number] = await xvfb.wait(once(report, 'data', { signal: AbortSignal.timeout(otherTimeout) }));
  return Number(number);
}

async function startDriver(display: number): Promise<{ readonly program: Program; readonly origin: string }> {
  const port = await findFreePort();
  const program = new Program('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`], {
    env: { ...process.env, DISPLAY: `:${display}`, ...environment },
    stdio: 'ignore',
  });
  const origin = `http://127.0.0.1:${port}`;
  try {
    await program.wait(untilListening(origin));
    return { program, origin };
  } catch (cause) {
    await program.end();
    throw cause;
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

/** The driver says nothing when it begins to listen, so it is asked until it answers. */
async function untilListening(origin: string): Promise<void> {
  const signal = AbortSignal.timeout(otherTimeout);
  for (;;) {
    const answer = await fetch(`${origin}/status`, { signal }).catch(() => undefined);
    if (answer) return;
    await setTimeout(20, undefined, { signal });
  }
}

/**
 * Starts a browser of one tab, whose storage is gone when it closes.
 *
 * @returns the session's URL
 * @throws TimeoutError where the driver waits in vain for the browser to listen, as it does for ever: it has chosen the
 *   port, and let go of it for the browser to take, and another program may be quicker
 */
async function startSession(origin: string): Promise<string> {
  const capabilities = { alwaysMatch: { browserName: 'MiniBrowser', timeouts: { script: scriptTimeout } } };
  const session = await send(`${origin}/session`, 'POST', { capabilities }, otherTimeout);
  return `${origin}/session/${memberOf(session, 'sessionId')}`;
}

function openTab(url: string): Tab {
  return {
    async open(address) {
      await send(`${url}/url`, 'POST', { url: address });
    },
    async evaluate(expression) {
      const answer = await send(`${url}/execute/async`, 'POST', { script: asynchronous(expression), args: [] });
      return textOf(answer);
    },
    async close() {
      await send(url, 'DELETE', undefined, otherTimeout);
    },
  };
}

/** Sends one command. @returns the value that the driver answers with */
async function send(
  url: string,
  method: 'POST' | 'DELETE',
  body?: object,
  timeout = scriptTimeout + otherTimeout,
): Promise<unknown> {
  const signal = AbortSignal.timeout(timeout);
  const response = await fetch(url, { method, signal, ...(body ? { body: JSON.stringify(body) } : {}) });
  const value = memberOf(await response.json(), 'value');
  if (response.ok) return value;
  throw new Error(`WebKitWebDriver: ${memberOf(value, 'error')}: ${memberOf(value, 'message')}`);
}
