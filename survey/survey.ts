import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import sirv from 'sirv';
import { fixtures } from '../e2e/fixture-data.js';
import { test } from '../e2e/test.js';
import { type OperatorCase, readCases } from './operator-cases.js';
import { type Outcome, runCase } from './run-case.js';

const root = path.resolve(import.meta.dirname, '..');
const folder = process.env.SURVEY_CASES ?? path.join(fixtures ?? '', 'onnx-backend');
const file = process.env.SURVEY_OUT ?? path.join(root, 'survey/outcomes.json');
const only = process.env.SURVEY_ONLY;
const match = new RegExp(process.env.SURVEY_MATCH ?? '');

/** A case takes less than a second, but for one that hangs. */
const caseMilliseconds = 60_000;

test('each provider on each case', async ({ site, browser }) => {
  site.fallBack(sirv(path.join(root, 'node_modules/onnxruntime-web/dist'), { dev: true }));
  const cases = readCases(folder).filter(({ name }) => match.test(name));
  const outcomes: Record<string, Record<string, Outcome>> = {};
  let page: Page | undefined;
  for (const provider of ['webgpu', 'webnn'] as const) {
    if (only && only !== provider) continue;
    const ofProvider: Record<string, Outcome> = {};
    outcomes[provider] = ofProvider;
    for (const operatorCase of cases) {
      page ??= await open();
      const outcome = await attempt(page, operatorCase, provider);
      ofProvider[operatorCase.name] = outcome;
      if (outcome.kind !== 'right') console.log(provider, operatorCase.name, JSON.stringify(outcome).slice(0, 200));
      if (outcome.kind !== 'aborted') continue;
      await page.close();
      page = undefined;
    }
  }
  writeFileSync(file, JSON.stringify(outcomes, undefined, 1));

  async function open(): Promise<Page> {
    const opened = await browser.newPage();
    await opened.goto(`${site.origin}/blank.html`);
    return opened;
  }
});

async function attempt(page: Page, { model, inputs }: OperatorCase, provider: 'webgpu' | 'webnn'): Promise<Outcome> {
  const given = {
    provider,
    model: model.toString('base64'),
    inputs: inputs.map(({ type, dims, data }) => ({ type, dims, data: data.toString('base64') })),
  };
  const late = deferred();
  const timer = setTimeout(() => late.resolve({ kind: 'aborted', reason: 'no answer' }), caseMilliseconds);
  const crash = () => late.resolve({ kind: 'aborted', reason: 'the page crashed' });
  page.once('crash', crash);
  try {
    const answer = page.evaluate(runCase, given);
    return await Promise.race([
      answer.catch((cause) => ({ kind: 'aborted' as const, reason: String(cause).slice(0, 300) })),
      late.promise,
    ]);
  } finally {
    clearTimeout(timer);
    page.off('crash', crash);
  }
}

function deferred(): { promise: Promise<Outcome>; resolve(outcome: Outcome): void } {
  let resolve: (outcome: Outcome) => void = () => undefined;
  const promise = new Promise<Outcome>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
