import { element, elementById } from '../layout/element.js';
import { duration } from '../layout/quantities.js';
import type { CallTimes } from './call-times.js';

interface Station {
  readonly part: 'before' | 'queue' | 'dispatch' | 'backend' | 'after';
  readonly name: string;
  readonly words: string;
}

const stations: readonly Station[] = [
  { part: 'before', name: 'Guest', words: 'makes a tensor of the picture and calls compute' },
  { part: 'queue', name: 'Queue', words: 'waits for its turn' },
  { part: 'dispatch', name: 'Dispatch', words: 'goes to the engine, and comes back' },
  { part: 'backend', name: 'Backend', words: 'computes' },
  { part: 'after', name: 'Guest', words: 'ranks the scores and answers' },
];

/** Shows what the last call spent its time on: a line with a piece for each part, as wide as its share, and the times below. */
export interface TimeDiagram {
  show(times: CallTimes): void;
}

export function createTimeDiagram(): TimeDiagram {
  const flow = elementById('flow', HTMLOListElement);
  const total = elementById('flow-total', HTMLElement);
  const note = elementById('flow-note', HTMLElement);
  const items = stations.map(({ part, name, words }) => {
    const value = element('span', { class: 'number' }, '–');
    const text = element('span', { class: 'words' }, words);
    const piece = element('span', { 'data-part': part });
    const item = element('li', { 'data-part': part }, element('strong', {}, name), value, text);
    return { part, item, value, piece };
  });
  elementById('flow-line', HTMLElement).replaceChildren(...items.map(({ piece }) => piece));
  flow.replaceChildren(...items.map(({ item }) => item));
  note.textContent = 'The parts of one call of the guest, as the library measures them.';

  return {
    show(times) {
      const whole = Math.max(times.total - times.load, Number.EPSILON);
      for (const { part, value, piece } of items) {
        value.textContent = duration(times[part]);
        piece.style.setProperty('--share', (times[part] / whole).toFixed(4));
      }
      total.textContent = `${duration(whole)} in all`;
      note.textContent =
        times.load > 0
          ? `Before that, the model was loaded in ${duration(times.load)}, which is not counted here.`
          : 'The parts of one call of the guest, as the library measures them.';
    },
  };
}
