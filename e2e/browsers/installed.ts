import { existsSync } from 'node:fs';
import path from 'node:path';

/** The browsers that guests run in, by the names that Playwright's `browserName` has for them. */
export type BrowserName = 'chromium' | 'firefox' | 'webkit';

const installation: Readonly<Record<BrowserName, string>> = {
  chromium: 'npx playwright install chromium',
  firefox: 'apt-get install firefox-esr, or set FIREFOX_PATH',
  webkit: 'apt-get install webkit2gtk-driver xvfb',
};

/** Firefox, where it is installed: `FIREFOX_PATH`, or Debian's long-term release. */
export function findFirefox(): string | undefined {
  return process.env.FIREFOX_PATH ?? findProgram('firefox-esr');
}

/**
 * Why tests skip a browser: some of its programs are not installed.
 *
 * @returns the reason and how to install the browser; `undefined` where the browser is installed
 * @throws Error where `REQUIRE_BROWSERS` (names, separated by commas) names the browser and it is not installed
 */
export function reasonToSkip(browser: BrowserName): string | undefined {
  const missing = missingPrograms(browser);
  if (missing.length === 0) return undefined;
  const reason = `${browser} lacks ${missing.join(' and ')}: ${installation[browser]}`;
  if (requiredBrowsers().includes(browser)) throw new Error(`REQUIRE_BROWSERS names ${browser}, but ${reason}`);
  return reason;
}

function missingPrograms(browser: BrowserName): readonly string[] {
  switch (browser) {
    // It comes with the project, or with Playwright, which says itself how to install it.
    case 'chromium':
      return [];
    case 'firefox':
      return findFirefox() === undefined ? ['firefox-esr'] : [];
    case 'webkit':
      return ['WebKitWebDriver', 'Xvfb'].filter((program) => findProgram(program) === undefined);
  }
}

function requiredBrowsers(): readonly string[] {
  const names = (process.env.REQUIRE_BROWSERS ?? '').split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !(name in installation));
  if (unknown === undefined) return names;
  throw new Error(`REQUIRE_BROWSERS takes ${Object.keys(installation).join(', ')}, not ${unknown}`);
}

function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find(existsSync);
}
