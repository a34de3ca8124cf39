import type { BrowserType, LaunchOptions } from '@playwright/test';

/** A page of a browser: as much of it as every driver has. */
export interface Tab {
  open(url: string): Promise<void>;
  /** Evaluates an expression in the page, which answers with a promise of text. */
  evaluate(expression: string): Promise<string>;
  close(): Promise<void>;
}

/** A browser that a test project has started. */
export interface TestBrowser {
  openTab(): Promise<Tab>;
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
  return {
    async openTab() {
      const context = await browser.newContext();
      const page = await context.newPage();
      return {
        async open(url) {
          await page.goto(url);
        },
        evaluate: (expression) => page.evaluate<string>(expression),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}
