#!/usr/bin/env node
// npm run providers:survey -- [--cases FOLDER] [--only webnn] [--match PATTERN] [--out FILE]. Playwright's runner is what loads TypeScript.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { cases: { type: 'string' }, only: { type: 'string' }, match: { type: 'string' }, out: { type: 'string' } },
});
const env = {
  ...process.env,
  ...(values.cases ? { SURVEY_CASES: resolve(values.cases) } : {}),
  ...(values.only ? { SURVEY_ONLY: values.only } : {}),
  ...(values.match ? { SURVEY_MATCH: values.match } : {}),
  ...(values.out ? { SURVEY_OUT: resolve(values.out) } : {}),
};
const playwright = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'survey/playwright.config.ts'];
const { status } = spawnSync(process.execPath, playwright, { stdio: 'inherit', env });
process.exit(status ?? 1);
