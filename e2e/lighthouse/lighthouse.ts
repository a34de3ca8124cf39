import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';
import { isObjectWith } from '../../src/standard/is-object-with.js';
import { chromiumLaunchOptions } from '../chromium.js';
import { startSite } from '../site.js';

const version = '12.8.2';
const lowestScore = 95;

/** The categories of a score of 0 to 100 each. */
const categories = ['performance', 'accessibility', 'best-practices', 'seo'];

/** The folders of the pages, from the root of the site. */
const pages: Readonly<Record<string, string>> = {
  classify: '',
  text: 'text/',
  run: 'run/',
  formats: 'formats/',
  models: 'storage/',
  conformance: 'conformance/',
  benchmark: 'benchmark/',
  code: 'code/',
};

const wanted = (process.env.DEMO_PAGES ?? '').split(',').filter(Boolean);
const folder = path.resolve(import.meta.dirname, '../.output/lighthouse');

for (const [name, place] of Object.entries(pages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  test(name, async () => {
    const site = await startSite();
    try {
      const scores = await examine(`${site.origin}/${place}`, path.join(folder, name));
      console.log(`${name}: ${categories.map((category) => `${category} ${scores[category]}`).join(', ')}`);
      for (const category of categories) {
        expect(scores[category], `${category}: see e2e/.output/lighthouse/${name}.report.html`).toBeGreaterThanOrEqual(
          lowestScore,
        );
      }
    } finally {
      await site.close();
    }
  });
}

/**
 * Has Lighthouse examine a page in a browser of its own. The report is kept as JSON and as HTML.
 *
 * @returns the score of each category, from 0 to 100
 */
async function examine(url: string, report: string): Promise<Readonly<Record<string, number>>> {
  await mkdir(path.dirname(report), { recursive: true });
  const { executablePath, env } = chromiumLaunchOptions();
  const lighthouse = ['exec', '--yes', `--package=lighthouse@${version}`, '--', 'lighthouse', url, '--quiet'];
  const output = ['--output=json', '--output=html', `--output-path=${report}`];
  await promisify(execFile)('npm', [...lighthouse, ...output, '--chrome-flags=--headless=new --no-sandbox'], {
    env: { ...process.env, ...env, ...(executablePath ? { CHROME_PATH: executablePath } : {}) },
  });
  return scoresOf(JSON.parse(await readFile(`${report}.report.json`, 'utf8')));
}

/** @throws Error where a category has no score: the page could not be examined */
function scoresOf(report: unknown): Readonly<Record<string, number>> {
  if (!isObjectWith(report, 'categories')) throw new Error('Expected categories in the report of Lighthouse.');
  const entries = categories.map((category) => {
    const result = isObjectWith(report.categories, category) ? report.categories[category] : undefined;
    const score = isObjectWith(result, 'score') ? result.score : undefined;
    if (typeof score !== 'number') throw new Error(`Lighthouse gave no score for ${category}.`);
    return [category, Math.round(100 * score)] as const;
  });
  return Object.fromEntries(entries);
}
