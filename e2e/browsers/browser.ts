import type { BrowserType, LaunchOptions } from '@playwright/test';
import { type SharedProcess, shareProcess } from '../shared-process.js';

/** A page of a browser: as much of it as every driver has. */
export interface Tab {
  open(url: string): Promise<void>;
  /** Evaluates an expression in the page, which answers with a promise of text. */
  evaluate(expression: string): Promise<string>;
  close(): Promise<void>;
}

/** A browser that a test project has started. */
export interface TestBrowser {
  /** Opens an empty tab, most of whose pages come from an origin. At most one tab is open at a time. */
  openTab(origin: string): Promise<Tab>;
  close(): Promise<void>;
}

/**
 * Runs a function in a page. It travels as its source, so it reaches its argument and what the page has, nothing of the
 * module that it stands in; argument and answer travel as JSON.
 */
export async function runIn<Argument>(
  tab: Tab,
  action: (argument: Argument) => Promise<unknown>,
  argument: Argument,
): Promise<unknown> {
  const call = `(${action})(${JSON.stringify(argument)})`;
  return JSON.parse(await tab.evaluate(`${call}.then((answer) => JSON.stringify(answer ?? null))`));
}

/** Starts a browser that Playwright can drive. */
export async function startWithPlaywright(type: BrowserType, options: LaunchOptions): Promise<TestBrowser> {
  const browser = await type.launch(options);
  const processes = new Map<string, SharedProcess>();
  return {
    async openTab(origin) {
      const shared = processes.get(origin) ?? shareProcess(browser, origin);
      processes.set(origin, shared);
      const page = await shared.openPage();
      return {
        async open(url) {
          await page.goto(url);
        },
        evaluate: (expression) => page.evaluate<string>(expression),
        close: () => shared.reset(),
      };
    },
    close: () => browser.close(),
  };
}
