import { knownFailures } from '../conformance/known-failures.js';
import { perform, serveModels } from '../conformance/perform.js';
import { attachmentName, count, judge, nameOf, type RowName, type Run } from '../conformance/results.js';
import { type Abi, settingsFor } from '../conformance/rows.js';
import { readTap } from '../conformance/tap.js';
import type { ExecutionTarget } from '../src/index.js';
import { expect, test } from './browsers/test.js';

// The conformance suite. Each test is one row of docs/compatibility.md: a guest performs all cases of its ABI.

// The project says how the guest waits. Each way has the same rows.
for (const { abi, target } of settingsFor(['suspend'])) {
  test(`conformance, ${abi}, ${target}`, { tag: tagOf(abi, target) }, async ({
    browserUnderTest,
    site,
    browserName,
    waiting,
  }) => {
    // A row has up to 600 cases.
    test.setTimeout(300_000);
    serveModels(site);
    const row: RowName = { browser: browserName, abi, target, waiting };
    const output = await perform(browserUnderTest, site, row, {
      onnxBackend: hasOnnxBackend(row),
      imported: hasImported(row),
    });
    const run = judge(row, readTap(output), knownFailures);
    await test.info().attach(attachmentName, { body: JSON.stringify(run), contentType: 'application/json' });
    const { passed, failed, known, skipped } = count(run);
    console.log(`${nameOf(row)}: ${passed} passed, ${failed} failed, ${known} known, ${skipped} skipped`);
    expect(failuresOf(run)).toEqual([]);
  });
}

/**
 * A binding knows neither on which device a graph is nor how its guest waits. So one ABI of components and one of core modules
 * show first what the way of waiting changes, and one ABI what devices change. The other rows are long, or run in one way.
 */
function tagOf(abi: Abi, target: ExecutionTarget): string[] {
  if (target !== 'cpu') return abi === 'witx' ? ['@either-way'] : ['@long'];
  return abi === 'wit 10-28' || abi === 'witx' ? [] : ['@either-way'];
}

/**
 * ONNX's own tests check what a device computes. For other devices than the CPU they run through one ABI, in the one browser
 * here that has such devices.
 */
function hasOnnxBackend({ browser, abi, target }: RowName): boolean {
  return target === 'cpu' || (browser === 'chromium' && abi === 'wit 10-28');
}

/** The same code converts models everywhere: every ABI has them in Chromium, and one of them in the other browsers. */
function hasImported({ browser, abi, target, waiting }: RowName): boolean {
  if (target !== 'cpu') return false;
  return browser === 'chromium' ? waiting === 'suspend' : waiting === 'block' && abi === 'wit 10-28';
}

function failuresOf({ reports }: Run): string[] {
  return reports.filter(({ verdict }) => verdict === 'failed').map(({ id, reason }) => `${id}: ${reason}`);
}
