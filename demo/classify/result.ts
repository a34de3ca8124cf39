import { element, elementById } from '../layout/element.js';
import { duration, size } from '../layout/quantities.js';
import type { Classification, Guess } from './classifier.js';
import type { Explanation } from './explain.js';
import { type Target, type Task, taskModels } from './models.js';
import { fallbackWords } from './placement-words.js';

/** How far a model is on its way to the page. */
export interface Progress {
  readonly phase: 'cache' | 'download' | 'wait';
  readonly loaded: number;
  readonly total?: number;
  /** In bytes per second. */
  readonly rate?: number;
}

/** The part of the page that shows what came out. */
export interface ResultView {
  showIdle(): void;
  /** The last answer stays, paler, until there is a new one. */
  showLoading(message: string): void;
  showDownload(progress: Progress): void;
  /** The visitor has stopped the download. */
  showPaused(): void;
  /** @param isFinal whether the answer is to be read out; those for half a digit are not */
  showAnswer(task: Task, target: Target, classification: Classification, isFinal: boolean): void;
  showError(explanation: Explanation): void;
}

type State = 'idle' | 'loading' | 'ready' | 'error' | 'paused';

const percent = new Intl.NumberFormat('en', { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hint = 'Draw a digit, click one of the samples, or show a photo.';

export function createResultView(): ResultView {
  const result = elementById('result', HTMLElement);
  const answer = elementById('answer', HTMLElement);
  const bars = elementById('bars', HTMLOListElement);
  const time = elementById('time', HTMLElement);
  const device = elementById('device', HTMLElement);
  const fallback = elementById('fallback', HTMLDetailsElement);
  const message = elementById('message', HTMLElement);
  const spoken = elementById('spoken', HTMLElement);
  const download = elementById('download', HTMLElement);
  const downloadWords = elementById('download-words', HTMLElement);
  const progressBar = elementById('progress', HTMLProgressElement);
  const resume = elementById('resume', HTMLButtonElement);
  let said: string[] = [];

  showBars(bars, taskModels.digit.labels, emptyGuesses, true);

  function enter(state: State, ...paragraphs: string[]): void {
    result.setAttribute('data-state', state);
    download.hidden = true;
    resume.hidden = state !== 'paused';
    // A screen reader reads out whatever is written, so what stands there already is not written again.
    if (said.join() === paragraphs.join()) return;
    said = paragraphs;
    message.replaceChildren(...paragraphs.map((text) => element('p', {}, text)));
  }

  function forgetAnswer(): void {
    answer.textContent = '–';
    time.textContent = '';
    device.textContent = '';
    showBars(bars, taskModels.digit.labels, emptyGuesses, true);
    fallback.hidden = true;
  }

  function showFallback(target: Target, reasons: readonly string[]): void {
    fallback.hidden = reasons.length === 0;
    if (fallback.hidden) return;
    const list = element('ul', {}, ...reasons.map((reason) => element('li', {}, reason)));
    fallback.replaceChildren(element('summary', {}, `Why not on the ${target.toUpperCase()}?`), list);
  }

  return {
    showIdle() {
      forgetAnswer();
      enter('idle', hint);
    },
    showLoading(text) {
      enter('loading', text);
    },
    showDownload({ phase, loaded, total, rate }) {
      if (phase === 'cache' || loaded === total) return enter('loading', 'Preparing the model…');
      enter('loading', phase === 'wait' ? 'Another tab downloads the model…' : 'Downloading the model…');
      download.hidden = false;
      downloadWords.textContent = downloadedWords(loaded, total, rate);
      // Without a value the bar says only that something is going on.
      if (total === undefined) progressBar.removeAttribute('value');
      else progressBar.value = loaded / total;
    },
    showPaused() {
      forgetAnswer();
      enter('paused', 'The download has stopped. What has come is kept.');
    },
    showAnswer(task, target, { guesses, milliseconds, loadedModel, placement }, isFinal) {
      enter('ready');
      const { labels } = taskModels[task];
      const best = guesses[0];
      answer.textContent = labelOf(labels, best);
      showBars(bars, labels, guesses, task === 'digit');
      time.textContent = loadedModel ? `${duration(milliseconds)}, loading included` : duration(milliseconds);
      device.textContent = placement?.device.description ?? 'unknown';
      showFallback(target, placement ? fallbackWords(placement) : []);
      if (isFinal && best) spoken.textContent = `${labelOf(labels, best)}, ${percent.format(best.probability)}`;
    },
    showError({ headline, advice, detail }) {
      forgetAnswer();
      enter('error', headline, advice, detail);
    },
  };
}

/** Rows without a bar, which keep the place of those to come. */
const emptyGuesses: readonly Guess[] = taskModels.digit.labels.map((_, digit) => ({ class: digit, probability: 0 }));

/** @param inOrder digits keep their places, so that the eye finds them; other classes are ranked */
function showBars(
  list: HTMLOListElement,
  labels: readonly string[],
  guesses: readonly Guess[],
  inOrder: boolean,
): void {
  const rows = inOrder ? guesses.toSorted((one, other) => one.class - other.class) : guesses;
  list.setAttribute('data-layout', inOrder ? 'compact' : 'wide');
  // Bars that stay grow and shrink smoothly; new ones would jump.
  while (list.children.length > rows.length) list.lastElementChild?.remove();
  while (list.children.length < rows.length) list.append(createBar());
  for (const [position, guess] of rows.entries()) {
    const item = list.children[position];
    if (!(item instanceof HTMLElement)) continue;
    item.style.setProperty('--share', String(guess.probability));
    item.toggleAttribute('data-best', guess === guesses[0] && guess.probability > 0);
    const [label, value] = item.children;
    if (label) label.textContent = labelOf(labels, guess);
    if (value) value.textContent = guesses === emptyGuesses ? '' : percent.format(guess.probability);
  }
}

function createBar(): HTMLLIElement {
  const parts = ['label', 'percent', 'bar'].map((name) => element('span', { class: name }));
  return element('li', {}, ...parts);
}

function labelOf(labels: readonly string[], guess: Guess | undefined): string {
  if (!guess) return 'nothing';
  return labels[guess.class] ?? `class ${guess.class}`;
}

function downloadedWords(loaded: number, total: number | undefined, rate: number | undefined): string {
  const amount = total === undefined ? size(loaded) : `${size(loaded)} of ${size(total)}`;
  if (!rate) return amount;
  const left = total === undefined ? '' : `, about ${Math.ceil((total - loaded) / rate)} s left`;
  return `${amount}, ${size(rate)}/s${left}`;
}
