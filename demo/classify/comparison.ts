import { element, elementById } from '../layout/element.js';
import { duration } from '../layout/quantities.js';
import type { CallTimes } from './call-times.js';
import type { Placement } from './classifier.js';
import { type Target, targets } from './models.js';
import { fallbackWords, placeWords } from './placement-words.js';
import { addCall, recentCalls, type TargetRecord, warmMedian } from './target-records.js';

/** Shows for each target what it really ran on, and how long loading, the first answer and later ones took. */
export interface Comparison {
  add(target: Target, times: CallTimes, placement: Placement | undefined): void;
  /** Starts over, for another model. */
  clear(): void;
}

const titles: Readonly<Record<Target, string>> = { cpu: 'CPU', gpu: 'GPU', tpu: 'TPU' };
const unknown = '–';

export function createComparison(): Comparison {
  const panels = new Map(targets.map((target) => [target, createPanel(target)]));
  elementById('comparison', HTMLElement).replaceChildren(...[...panels.values()].map(({ card }) => card));
  let records = new Map<Target, TargetRecord>();

  return {
    add(target, times, placement) {
      const record = addCall(records.get(target) ?? { warm: [] }, times);
      records.set(target, record);
      panels.get(target)?.show(record, placement);
    },
    clear() {
      records = new Map();
      for (const panel of panels.values()) panel.show({ warm: [] }, undefined);
    },
  };
}

function createPanel(target: Target) {
  const place = element('p', { class: 'place' });
  const warm = element('strong', { class: 'number warm' });
  const chart = element('div', { class: 'chart', role: 'img' });
  const first = element('dd', { class: 'number' });
  const load = element('dd', { class: 'number' });
  const facts = element(
    'dl',
    {},
    element('div', {}, element('dt', {}, 'First answer'), first),
    element('div', {}, element('dt', {}, 'Loading'), load),
  );
  const why = element('details', { class: 'fallback' });
  const heading = element('h3', {}, titles[target]);
  const card = element('article', { class: 'card', 'data-target': target, 'data-testid': `compare-${target}` });
  card.append(heading, place, warm, chart, facts, why);

  function show(record: TargetRecord, placement: Placement | undefined): void {
    const median = warmMedian(record);
    place.textContent = placement ? placeWords(target, placement) : 'Not tried yet';
    warm.textContent = median === undefined ? unknown : duration(median);
    first.textContent = record.first === undefined ? unknown : duration(record.first);
    load.textContent = record.load === undefined ? unknown : duration(record.load);
    drawChart(chart, record.warm);
    const reasons = placement ? fallbackWords(placement) : [];
    why.hidden = reasons.length === 0;
    why.replaceChildren(
      element('summary', {}, `Why not on the ${titles[target]}?`),
      element('ul', {}, ...reasons.map((reason) => element('li', {}, reason))),
    );
  }

  show({ warm: [] }, undefined);
  return { card, show };
}

/** A bar for each of the latest answers, as high as it took long. */
function drawChart(chart: HTMLElement, times: readonly number[]): void {
  const longest = Math.max(...times, Number.EPSILON);
  const shortest = Math.min(...times);
  chart.ariaLabel =
    times.length === 0
      ? 'No warm answers yet'
      : `The latest ${times.length} warm answers took from ${duration(shortest)} to ${duration(longest)}`;
  const bars = Array.from({ length: recentCalls }, (_, index) => {
    const time = times[index + times.length - recentCalls];
    const bar = element('span', {});
    if (time !== undefined) bar.style.setProperty('--share', (time / longest).toFixed(3));
    return bar;
  });
  chart.replaceChildren(...bars);
}
