import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Tab, TestBrowser } from './browser.js';
import { findFirefox } from './installed.js';
import { connectMarionette, type Marionette } from './marionette.js';
import { Program } from './program.js';
import { asynchronous, memberOf, otherTimeout, scriptTimeout, textOf } from './web-driver.js';

// Firefox as it comes, by Marionette, its own remote control. Playwright would drive it by WebDriver BiDi, but a session
// of BiDi watches every worker and every request: under it, Firefox 153 now and then hangs a worker that starts a
// worker, as onnxruntime does for threads, and its parent process grows by every file that is fetched.

const preferences = {
  // Any port that is free; Firefox prints which.
  'marionette.port': 0,
  // On one core onnxruntime starts no threads, with which a test was once seen to take longer than it may on a machine
  // that was busy with ten times what it can do.
  'dom.maxHardwareConcurrency': 1,
};

/**
 * Starts the browser, with a profile of its own. Each test's site is an origin of its own, and so is its storage, except for
 * cookies.
 */
export async function startFirefox(): Promise<TestBrowser> {
  const profile = await mkdtemp(path.join(tmpdir(), 'firefox-'));
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${value});\n`);
  await writeFile(path.join(profile, 'user.js'), lines.join(''));
  const firefox = new Program(
    findFirefox() ?? 'firefox-esr',
    ['--marionette', '--headless', '--no-remote', '--profile', profile],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const end = async () => {
    await firefox.end();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const marionette = await connectMarionette(await firefox.wait(portOf(firefox)));
    await marionette.send('WebDriver:NewSession', { timeouts: { script: scriptTimeout, pageLoad: otherTimeout } });
    const home = await marionette.send('WebDriver:GetWindowHandle');
    return {
      openTab: () => openTab(marionette, memberOf(home, 'value')),
      async close() {
        marionette.close();
        await end();
      },
    };
  } catch (cause) {
    await end();
    throw cause;
  }
}

function portOf({ child }: Program): Promise<number> {
  const { stdout } = child;
  if (!stdout) throw new Error('Firefox has no pipe to write its port to');
  return new Promise((resolve) => {
    createInterface({ input: stdout }).on('line', (line) => {
      const [, port] = /Marionette\s+INFO\s+Listening on port (\d+)$/.exec(line) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
  });
}

/** @param home the browser's first tab, which stays open since the browser would end with its last */
async function openTab(marionette: Marionette, home: unknown): Promise<Tab> {
  const opened = await marionette.send('WebDriver:NewWindow', { type: 'tab', focus: true });
  await marionette.send('WebDriver:SwitchToWindow', { handle: memberOf(opened, 'handle') });
  return {
    async open(url) {
      await marionette.send('WebDriver:Navigate', { url });
    },
    async evaluate(expression) {
      const script = asynchronous(expression);
      const answer = await marionette.send('WebDriver:ExecuteAsyncScript', { script, args: [] });
      return textOf(memberOf(answer, 'value'));
    },
    async close() {
      // Cookies belong to a host whatever its port, and so to the sites of all tests.
      await marionette.send('WebDriver:DeleteAllCookies');
      await marionette.send('WebDriver:CloseWindow');
      await marionette.send('WebDriver:SwitchToWindow', { handle: home });
    },
  };
}
