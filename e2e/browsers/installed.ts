import { existsSync } from 'node:fs';
import path from 'node:path';

/** The browsers that guests are run in, as Playwright's `browserName` has them. */
export type BrowserName = 'chromium' | 'firefox' | 'webkit';

/** Firefox, where it is installed: `FIREFOX_PATH`, or Debian's long-term release. */
export function findFirefox(): string | undefined {
  return process.env.FIREFOX_PATH ?? findProgram('firefox-esr');
}

/**
 * Why a browser is left out: Firefox and WebKit run where `REQUIRE_BROWSERS` names them.
 *
 * @throws Error where it names a browser that is not installed
 */
export function absence(browser: BrowserName): string | undefined {
  if (browser === 'chromium') return undefined;
  const how = `REQUIRE_BROWSERS=${browser} (${installation[browser]})`;
  if (!required().includes(browser)) return `${browser} takes ${how}`;
  const missing = missingParts(browser);
  if (missing.length > 0) throw new Error(`${browser} lacks ${missing.join(' and ')}: ${how}`);
  return undefined;
}

/** What a browser lacks, and how it is installed, where it is not there. */
export function lack(browser: BrowserName): string | undefined {
  const missing = missingParts(browser);
  return missing.length === 0 ? undefined : `${browser} lacks ${missing.join(' and ')}: ${installation[browser]}`;
}

/** Whether `REQUIRE_BROWSERS` names a browser. @throws Error where it names one that there is not */
export function isRequired(browser: BrowserName): boolean {
  return required().includes(browser);
}

/** Chromium comes with the project, or with Playwright, which says itself how it is installed. */
function missingParts(browser: BrowserName): readonly string[] {
  switch (browser) {
    case 'chromium':
      return [];
    case 'firefox':
      return findFirefox() === undefined ? ['firefox-esr'] : [];
    case 'webkit':
      return ['WebKitWebDriver', 'Xvfb'].filter((program) => findProgram(program) === undefined);
  }
}

const installation = {
  chromium: 'npx playwright install chromium',
  firefox: 'apt-get install firefox-esr, or set FIREFOX_PATH',
  webkit: 'apt-get install webkit2gtk-driver xvfb',
} as const;

function required(): readonly string[] {
  const names = (process.env.REQUIRE_BROWSERS ?? '').split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !(name in installation));
  if (unknown === undefined) return names;
  throw new Error(`REQUIRE_BROWSERS knows ${Object.keys(installation).join(', ')}, not ${unknown}`);
}

function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find(existsSync);
}
