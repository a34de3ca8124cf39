import { knownFailures } from '../../conformance/known-failures.js';
import { judge, type Run, summarise } from '../../conformance/results.js';
import { settingsFor } from '../../conformance/rows.js';
import type { Waiting } from '../../src/index.js';
import { element, elementById } from '../layout/element.js';
import { createMatrix } from './matrix.js';
import { createRuntime, perform } from './suite.js';
import { countByFeature, verdictOf } from './verdict.js';

/** The ways of waiting that this browser has. */
function waitings(): Waiting[] {
  const canSuspend = 'Suspending' in WebAssembly;
  return [...(canSuspend ? (['suspend'] as const) : []), ...(crossOriginIsolated ? (['block'] as const) : [])];
}

/** `?cases=echo/` performs those cases alone. */
const only = new URLSearchParams(location.search).get('cases') ?? '';
const settings = settingsFor(waitings());
const matrix = createMatrix(settings);
const runButton = elementById('run', HTMLButtonElement);
const stopButton = elementById('stop', HTMLButtonElement);
const verdict = elementById('verdict', HTMLParagraphElement);
const progress = elementById('progress', HTMLProgressElement);
const filter = elementById('filter', HTMLInputElement);
const failures = elementById('failures', HTMLInputElement);
let stopping = new AbortController();

if (settings.length === 0) {
  runButton.disabled = true;
  verdict.textContent =
    'This browser can neither suspend WebAssembly nor let it block: the page is not cross-origin isolated.';
}

async function runEverything(): Promise<void> {
  stopping = new AbortController();
  setRunning(true);
  const nn = createRuntime();
  const runs: Run[] = [];
  for (const [column, setting] of settings.entries()) {
    const { abi, target, waiting } = setting;
    verdict.textContent = `Row ${column + 1} of ${settings.length}: ${abi}, ${target}, ${waiting}`;
    progress.value = column / settings.length;
    const reports = await perform(nn, setting, only, stopping.signal, (soFar) => matrix.show(column, soFar));
    if (stopping.signal.aborted) break;
    matrix.show(column, reports);
    runs.push(judge({ browser: navigator.userAgent, ...setting }, reports, knownFailures));
  }
  nn.dispose();
  setRunning(false);
  showVerdict(runs);
}

function setRunning(isRunning: boolean): void {
  runButton.disabled = isRunning;
  stopButton.hidden = !isRunning;
  verdict.dataset.verdict = '';
}

function showVerdict(runs: readonly Run[]): void {
  const { words, hasPassed } = verdictOf(runs, settings.length);
  verdict.textContent = words;
  verdict.dataset.verdict = hasPassed ? 'passed' : 'failed';
  progress.value = runs.length / settings.length;
  if (runs.length === 0) return;
  const items = countByFeature(runs).map(({ feature, passed, failed }) =>
    element(
      'li',
      { 'data-status': failed > 0 ? 'failed' : 'passed' },
      feature,
      element('span', { class: 'number' }, failed > 0 ? `${failed} of ${passed + failed} failed` : `${passed} passed`),
    ),
  );
  elementById('features', HTMLElement).replaceChildren(...items);
  elementById('summary', HTMLElement).hidden = false;
  offer(JSON.stringify(summarise(runs), null, 1));
}

function offer(json: string): void {
  const link = elementById('download', HTMLAnchorElement);
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([json], { type: 'application/json' }));
  link.hidden = false;
}

runButton.addEventListener('click', () => void runEverything());
stopButton.addEventListener('click', () => stopping.abort());
for (const control of [filter, failures]) {
  control.addEventListener('input', () => matrix.filter(filter.value, failures.checked));
}
