#!/usr/bin/env node
// npm run demo:lighthouse -- [PAGE…]: examines the pages of the built demo with Lighthouse, and fails where a score is below 95.
// Reports are in e2e/.output/lighthouse. Playwright's runner is what loads TypeScript.
import { spawnSync } from 'node:child_process';

const env = { ...process.env, DEMO_PAGES: process.argv.slice(2).join(',') };
const playwright = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'e2e/lighthouse/playwright.config.ts'];
const { status } = spawnSync(process.execPath, playwright, { stdio: 'inherit', env });
process.exit(status ?? 1);
