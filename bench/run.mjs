#!/usr/bin/env node
// npm run bench -- [--json FILE] [--only a-cpu,b-cpu]. Playwright's runner is what loads TypeScript.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
const env = {
  ...process.env,
  ...(values.json ? { BENCH_JSON: resolve(values.json) } : {}),
  ...(values.only ? { BENCH_ONLY: values.only } : {}),
};
const playwright = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'bench/playwright.config.ts'];
const { status } = spawnSync(process.execPath, playwright, { stdio: 'inherit', env });
process.exit(status ?? 1);
