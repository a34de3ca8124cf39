import { knownFailures } from '../../conformance/known-failures.js';
import { count, judge, type Run, summarise } from '../../conformance/results.js';
import { settingsFor } from '../../conformance/rows.js';
import type { Waiting } from '../../src/index.js';
import { elementById } from '../element.js';
import { createMatrix } from './matrix.js';
import { perform } from './suite.js';

/** The ways of waiting that this browser has. */
function waitings(): Waiting[] {
  const canSuspend = 'Suspending' in WebAssembly;
  return [...(canSuspend ? (['suspend'] as const) : []), ...(crossOriginIsolated ? (['block'] as const) : [])];
}

/** `?cases=echo/` performs those cases alone. */
const only = new URLSearchParams(location.search).get('cases') ?? '';
const settings = settingsFor(waitings());
const matrix = createMatrix(settings);
const button = elementById('run', HTMLButtonElement);
const state = elementById('state', HTMLParagraphElement);
const filter = elementById('filter', HTMLInputElement);
const failures = elementById('failures', HTMLInputElement);

if (settings.length === 0) {
  button.disabled = true;
  state.textContent =
    'This browser can neither suspend WebAssembly nor let it block: the page is not cross-origin isolated.';
}

async function runEverything(): Promise<void> {
  button.disabled = true;
  const runs: Run[] = [];
  for (const [column, setting] of settings.entries()) {
    const { abi, target, waiting } = setting;
    state.textContent = `${column + 1} of ${settings.length}: ${abi}, ${target}, ${waiting} …`;
    const reports = await perform(setting, only, (soFar) => matrix.show(column, soFar));
    matrix.show(column, reports);
    runs.push(judge({ browser: navigator.userAgent, ...setting }, reports, knownFailures));
  }
  const counts = runs.map(count);
  const passed = counts.reduce((sum, row) => sum + row.passed, 0);
  const failed = counts.reduce((sum, row) => sum + row.failed, 0);
  state.textContent = `Done: ${passed} passed, ${failed} failed.`;
  offer(JSON.stringify(summarise(runs), null, 1));
}

function offer(json: string): void {
  const link = elementById('download', HTMLAnchorElement);
  link.href = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  link.hidden = false;
}

button.addEventListener('click', () => void runEverything());
for (const control of [filter, failures]) {
  control.addEventListener('input', () => matrix.filter(filter.value, failures.checked));
}
