import type { BrowserType, LaunchOptions } from '@playwright/test';

/** A page of a browser, as far as every driver has it. */
export interface Tab {
  open(url: string): Promise<void>;
  /**
   * Runs a function in the page. It travels as its source, so it can use its argument and what the page has, and
   * nothing else; argument and answer travel as JSON.
   */
  run<Argument, Answer>(action: (argument: Argument) => Answer | Promise<Answer>, argument: Argument): Promise<Answer>;
  close(): Promise<void>;
}

export interface TestBrowser {
  /** Opens a tab of its own storage; there is one at a time. */
  openTab(): Promise<Tab>;
  close(): Promise<void>;
}

/** Starts a browser that Playwright drives. */
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
        run: (action, argument) => page.evaluate(runSource, { source: String(action), argument }),
        close: () => context.close(),
      };
    },
    close: () => browser.close(),
  };
}
