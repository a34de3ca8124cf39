import type { Waiting } from '../src/index.js';
import { runIn, type Tab } from './browsers/browser.js';
import { type ProbeExports, preparePage } from './browsers/case-page.js';
import { knownFailures } from './browsers/known-failures.js';
import { libraryCases } from './browsers/library-cases.js';
import { programCases } from './browsers/program-cases.js';
import { expect, test } from './browsers/test.js';
import { fixtures, withoutFixtures } from './fixture-data.js';
import { identityModel } from './onnx-model.js';
import type { Site } from './site.js';

// The same guests with the same answers in every browser, and in each of the ways in which a guest can wait there. Each
// project of playwright.config.ts is one browser and one of the ways.

async function visit(tab: Tab, site: Site, waiting: Waiting): Promise<void> {
  await tab.open(`${site.origin}/blank.html`);
  await runIn(tab, preparePage, { waiting });
}

test.beforeEach(({ site }, { title, project }) => {
  site.answer('/identity.onnx', (_, response) => response.end(identityModel('U8')));
  const known = knownFailures.find(({ name, projects }) => name === title && projects.includes(project.name));
  test.fail(known !== undefined, known?.reason);
});

for (const { name, needsFixtures, answer, expected } of [...libraryCases, ...programCases]) {
  test(name, async ({ tab, site, waiting }) => {
    test.skip(needsFixtures && !fixtures, withoutFixtures);
    await visit(tab, site, waiting);
    expect(await answer(tab)).toEqual(expected);
  });
}

test('a model is fetched once, and kept for the next visit', async ({ tab, site, waiting }) => {
  for (let time = 0; time < 2; time++) {
    await visit(tab, site, waiting);
    await runIn(tab, loadDigits, undefined);
  }
  expect(site.requests.filter((path) => path === '/models/digits.onnx')).toHaveLength(1);
});

async function loadDigits(): Promise<void> {
  const { exports } = await casePage.start<ProbeExports>('probe.component.wasm');
  await exports.loadByName('digits');
}
