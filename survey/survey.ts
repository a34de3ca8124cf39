import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from '@playwright/test';
import sirv from 'sirv';
import { fixtures } from '../e2e/fixture-data.js';
import { type OperatorCase, readCases } from '../e2e/operator-cases.js';
import { parameterCases } from '../e2e/parameter-cases.js';
import { expect, test } from '../e2e/test.js';
import { examine } from '../src/backends/onnx/distrust.js';
import { isObjectWith } from '../src/standard/is-object-with.js';
import { describeAdapter } from './adapter.js';
import { type Outcome, runCase } from './run-case.js';

type Provider = 'webgpu' | 'webnn';

const root = path.resolve(import.meta.dirname, '..');
const folder = process.env.SURVEY_CASES ?? path.join(fixtures ?? '', 'onnx-backend');
const file = process.env.SURVEY_OUT ?? path.join(root, 'survey/findings.json');
const match = new RegExp(process.env.SURVEY_MATCH ?? '');
const providers = (['webgpu', 'webnn'] as const).filter(
  (provider) => provider === (process.env.SURVEY_ONLY ?? provider),
);

/** A case takes less than a second, but for one that hangs. */
const caseMilliseconds = 60_000;

test('providers compute what WebAssembly does, or are known not to', async ({ site, browser }) => {
  site.fallBack(sirv(path.join(root, 'node_modules/onnxruntime-web/dist'), { dev: true }));
  const url = `${site.origin}/blank.html`;
  const cases = [...readCases(folder), ...parameterCases()].filter(({ name }) => match.test(name));
  const findings: Record<string, object> = {};
  const unknown: string[] = [];
  for (const provider of providers) {
    const outcomes = await runAll(browser, url, cases, provider);
    findings[provider] = summarise(outcomes);
    for (const { model, name } of cases) {
      const outcome = outcomes.get(name);
      if (outcome?.kind !== 'wrong' && outcome?.kind !== 'aborted') continue;
      const { distrust, isRandom } = examine(Uint8Array.from(model), 'tpu');
      if (!distrust.has(provider) && !isRandom)
        unknown.push(`${provider}: ${name}: ${outcome.kind}: ${outcome.reason}`);
    }
  }
  const page = await browser.newPage();
  await page.goto(url);
  const adapter = await page.evaluate(describeAdapter);
  const about = { onnxruntime: versionOf('onnxruntime-web'), browser: browser.version(), adapter, cases: cases.length };
  writeFileSync(file, `${JSON.stringify({ ...about, ...findings }, undefined, 2)}\n`);
  expect(unknown, 'entries that are missing in src/backends/onnx/distrusted-operators.ts').toEqual([]);
});

function versionOf(name: string): unknown {
  const manifest: unknown = JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8'));
  return isObjectWith(manifest, 'version') ? manifest.version : undefined;
}

/** Runs all cases in one page, which is opened anew where a provider aborts. */
async function runAll(
  browser: Browser,
  url: string,
  cases: readonly OperatorCase[],
  provider: Provider,
): Promise<Map<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  let page: Page | undefined;
  for (const operatorCase of cases) {
    page ??= await browser.newPage();
    if (page.url() !== url) await page.goto(url);
    const outcome = await attempt(page, operatorCase, provider);
    outcomes.set(operatorCase.name, outcome);
    if (outcome.kind !== 'aborted') continue;
    await page.close();
    page = undefined;
  }
  await page?.close();
  return outcomes;
}

async function attempt(page: Page, { model, inputs }: OperatorCase, provider: Provider): Promise<Outcome> {
  const given = {
    provider,
    model: model.toString('base64'),
    inputs: inputs.map(({ type, dims, data }) => ({ type, dims, data: data.toString('base64') })),
  };
  const aborted = (reason: string): Outcome => ({ kind: 'aborted', reason: reason.slice(0, 300) });
  let timer: NodeJS.Timeout | undefined;
  const ended = new Promise<Outcome>((resolve) => {
    timer = setTimeout(() => resolve(aborted('no answer')), caseMilliseconds);
    page.once('crash', () => resolve(aborted('the page crashed')));
  });
  const answer = page.evaluate(runCase, given).catch((cause) => aborted(String(cause)));
  return Promise.race([answer, ended]).finally(() => clearTimeout(timer));
}

/** How many cases had which outcome, and the names of those that a provider cannot be trusted with. */
function summarise(outcomes: ReadonlyMap<string, Outcome>): object {
  const counts: Record<string, number> = {};
  const wrong: Record<string, string> = {};
  const aborted: string[] = [];
  for (const [name, outcome] of outcomes) {
    counts[outcome.kind] = (counts[outcome.kind] ?? 0) + 1;
    if (outcome.kind === 'wrong') wrong[name] = outcome.reason;
    if (outcome.kind === 'aborted') aborted.push(name);
  }
  return { counts, wrong, aborted };
}
