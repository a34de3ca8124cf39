import type { Samples } from '../../bench/pages/measure.js';
import { element, elementById } from '../layout/element.js';
import { duration, median } from '../layout/quantities.js';
import { describeFailure } from '../run/failure.js';
import { measure, type Scenario, scenarios } from './scenarios.js';

interface Result {
  readonly id: string;
  /** Medians, in ms. */
  readonly ours: number;
  readonly baseline: number;
  /** The median of the ratios of the pairs. */
  readonly ratio: number;
}

/** `?quick` measures each scenario twice, to see whether all of it works. */
const quickPlan = { pairs: 2, times: 1, warmUp: 1 };
const isQuick = new URLSearchParams(location.search).has('quick');

const runButton = elementById('run', HTMLButtonElement);
const state = elementById('state', HTMLElement);
const download = elementById('download', HTMLAnchorElement);
const panels = scenarios.map((scenario) => ({ scenario, ...createPanel(scenario) }));

elementById('scenarios', HTMLElement).replaceChildren(...panels.map(({ item }) => item));
runButton.addEventListener('click', () => void runAll());

async function runAll(): Promise<void> {
  runButton.disabled = true;
  const results: Result[] = [];
  for (const { scenario, show, fail } of panels) {
    state.textContent = `${scenario.title}…`;
    try {
      const result = summarise(scenario.id, await measure(isQuick ? { ...scenario, plan: quickPlan } : scenario));
      show(result);
      results.push(result);
    } catch (error) {
      fail(error);
    }
  }
  state.textContent = 'Done.';
  runButton.disabled = false;
  offer({ browser: navigator.userAgent, cores: navigator.hardwareConcurrency, isolated: crossOriginIsolated, results });
}

function summarise(id: string, { ours, baseline }: Samples): Result {
  const ratios = ours.map((time, pair) => time / (baseline[pair] ?? Number.NaN));
  return { id, ours: median(ours) ?? 0, baseline: median(baseline) ?? 0, ratio: median(ratios) ?? 0 };
}

function offer(result: object): void {
  URL.revokeObjectURL(download.href);
  download.href = URL.createObjectURL(new Blob([JSON.stringify(result, null, 1)], { type: 'application/json' }));
  download.hidden = false;
}

function createPanel({ title, ours, baseline }: Scenario) {
  const ratio = element('span', { class: 'number ratio' }, '–');
  const sides = { ours: createSide('ours', ours), baseline: createSide('baseline', baseline) };
  const failure = element('div', {});
  const list = element('dl', {}, sides.ours.row, sides.baseline.row);
  const item = element('li', {}, element('h3', {}, title), ratio, list, failure);
  return {
    item,
    show(result: Result) {
      failure.replaceChildren();
      ratio.textContent = `${result.ratio.toFixed(2)} ×`;
      const longest = Math.max(result.ours, result.baseline);
      sides.ours.show(result.ours, longest);
      sides.baseline.show(result.baseline, longest);
    },
    fail: (error: unknown) => failure.replaceChildren(describeFailure(error)),
  };
}

function createSide(name: string, words: string) {
  const share = element('div', { class: 'share' });
  const value = element('span', {}, '–');
  const row = element('div', { class: name });
  row.append(
    element('dt', {}, words),
    element('dd', { 'aria-hidden': 'true' }, share),
    element('dd', { class: 'number' }, value),
  );
  return {
    row,
    show(milliseconds: number, longest: number) {
      value.textContent = duration(milliseconds);
      share.style.setProperty('--share', (milliseconds / longest).toFixed(3));
    },
  };
}
