import { element } from '../layout/element.js';
import type { Format } from './formats.js';
import type { Score } from './scores.js';

/** The part of the page that belongs to a format: it takes a model, and shows what the model answers. */
export interface FormatCard {
  readonly item: HTMLElement;
  /** Says which model was chosen. */
  showModel(words: string): void;
  showWorking(words: string): void;
  /** @param facts how long it took, and on what */
  showAnswer(scores: readonly Score[], facts: string): void;
  showFailure(failure: HTMLElement): void;
}

export interface FormatCardEvents {
  onFiles(files: readonly File[]): void;
  /** The visitor asks for a public model. Left out where there is none for the format. */
  readonly download?: { readonly words: string; onClick(): void };
}

export function createFormatCard(format: Format, { onFiles, download }: FormatCardEvents): FormatCard {
  const { label, runtime, files, endings, recipe, encoding } = format;
  const input = element('input', {
    type: 'file',
    multiple: '',
    accept: endings.join(','),
    'aria-label': `${label} model: ${files}`,
    'data-testid': `files-${encoding}`,
  });
  const choose = element('span', { class: 'button choose' }, 'Choose a model', input);
  const actions = element('div', { class: 'row' }, choose);
  const model = element('p', { class: 'model' }, `Takes ${files}.`);
  const result = element('div', { class: 'answer-area', 'data-testid': `result-${encoding}`, role: 'status' });
  const item = element('li', { class: 'card', 'data-format': encoding });
  item.append(element('h3', {}, label), element('p', { class: 'runtime' }, runtime), model, result, actions);
  result.append(
    element('p', { class: 'note' }, 'Write one in Python:'),
    element('code', { class: 'recipe', tabindex: '0', role: 'region', 'aria-label': `Python for ${label}` }, recipe),
  );

  input.addEventListener('change', () => {
    onFiles([...(input.files ?? [])]);
    // So that choosing the same file again is a change too.
    input.value = '';
  });
  if (download) {
    const button = element('button', { type: 'button', 'data-testid': `download-${encoding}` }, download.words);
    button.addEventListener('click', () => download.onClick());
    actions.append(button);
  }

  return {
    item,
    showModel(words) {
      model.textContent = words;
    },
    showWorking(words) {
      result.replaceChildren(element('p', { class: 'note' }, words));
    },
    showAnswer(scores, facts) {
      result.replaceChildren(
        element('ol', { class: 'guesses' }, ...scores.map(guess)),
        element('p', { class: 'note' }, facts),
      );
    },
    showFailure(failure) {
      result.replaceChildren(failure);
    },
  };
}

function guess({ label, score }: Score): HTMLElement {
  return element('li', {}, label, element('span', { class: 'number' }, score.toPrecision(4)));
}
