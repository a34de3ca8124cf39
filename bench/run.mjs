#!/usr/bin/env node
// npm run bench -- [--json FILE] [--only a-cpu,b-cpu] [--browser firefox] [--share 0.1] [--report] [--smoke]. Playwright's runner is what loads TypeScript.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const { values } = parseArgs({
  options: { json: text, only: text, browser: text, share: text, report: flag, smoke: flag },
});
const env = {
  ...process.env,
  ...(values.json ? { BENCH_JSON: resolve(values.json) } : {}),
  ...(values.only ? { BENCH_ONLY: values.only } : {}),
  ...(values.browser ? { BENCH_BROWSER: values.browser } : {}),
  ...(values.share ? { BENCH_SHARE: values.share } : {}),
  ...(values.report ? { BENCH_REPORT: 'yes' } : {}),
  ...(values.smoke ? { BENCH_SMOKE: 'yes' } : {}),
};
const playwright = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'bench/playwright.config.ts'];
const { status } = spawnSync(process.execPath, playwright, { stdio: 'inherit', env });
process.exit(status ?? 1);
