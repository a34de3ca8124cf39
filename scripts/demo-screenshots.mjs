#!/usr/bin/env node
// npm run demo:screenshots -- [PAGE…]: pictures of the demo's pages, light and dark, wide and narrow, in e2e/.output/screenshots.
// Playwright's runner is what loads TypeScript.
import { spawnSync } from 'node:child_process';

const env = { ...process.env, DEMO_PAGES: process.argv.slice(2).join(',') };
const playwright = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'e2e/screenshots/playwright.config.ts'];
const { status } = spawnSync(process.execPath, playwright, { stdio: 'inherit', env });
process.exit(status ?? 1);
