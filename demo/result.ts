import type { Device, FallbackStep } from '../src/index.js';
import type { Classification, Guess } from './classifier.js';
import { elementById } from './element.js';
import type { Explanation } from './explain.js';
import { type Target, type Task, taskModels } from './models.js';

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
  /** Says how far the model is; only heeded while loading. */
  showProgress(progress: Progress): void;
  showAnswer(task: Task, target: Target, classification: Classification): void;
  showError(explanation: Explanation): void;
}

type State = 'idle' | 'loading' | 'ready' | 'error';

const providers: Readonly<Record<Device['provider'], string>> = {
  javascript: 'JavaScript',
  wasm: 'WebAssembly',
  webgpu: 'WebGPU',
  webnn: 'WebNN',
};

const percent = new Intl.NumberFormat('en', { style: 'percent', minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hint = 'Draw a digit, or show me a photo.';

export function createResultView(): ResultView {
  const result = elementById('result', HTMLElement);
  const answer = elementById('answer', HTMLElement);
  const bars = elementById('bars', HTMLOListElement);
  const time = elementById('time', HTMLElement);
  const device = elementById('device', HTMLElement);
  const fallback = elementById('fallback', HTMLElement);
  const message = elementById('message', HTMLElement);
  const progressBar = elementById('progress', HTMLProgressElement);
  let state: State = 'loading';
  let said: string[] = [];

  function enter(next: State, ...paragraphs: string[]): void {
    state = next;
    result.setAttribute('data-state', state);
    progressBar.hidden = true;
    say(...paragraphs);
  }

  function say(...paragraphs: string[]): void {
    // A screen reader reads out whatever is written, so what stands there already is not written again.
    if (said.join() === paragraphs.join()) return;
    said = paragraphs;
    message.replaceChildren(...paragraphs.map((text) => textElement('p', text)));
  }

  function forgetAnswer(): void {
    answer.textContent = '';
    time.textContent = '';
    device.textContent = '';
    bars.replaceChildren();
    fallback.replaceChildren();
  }

  return {
    showIdle() {
      forgetAnswer();
      enter('idle', hint);
    },
    showLoading(text) {
      enter('loading', text);
    },
    showProgress({ phase, loaded, total, rate }) {
      if (state !== 'loading') return;
      const complete = phase === 'cache' || loaded === total;
      progressBar.hidden = complete;
      if (complete) return say('Preparing the model…');
      say(phase === 'wait' ? 'Another tab is downloading the model…' : describeDownload(loaded, total, rate));
      // Without a value the bar says only that something is going on.
      if (total === undefined) progressBar.removeAttribute('value');
      else progressBar.value = loaded / total;
    },
    showAnswer(task, target, { guesses, milliseconds, loadedModel, placement }) {
      enter('ready');
      const { labels } = taskModels[task];
      answer.textContent = labelOf(labels, guesses[0]);
      showBars(bars, labels, guesses, task === 'digit');
      time.textContent = loadedModel ? `${duration(milliseconds)}, loading the model included` : duration(milliseconds);
      device.textContent = placement ? describeDevice(placement.device) : 'unknown';
      fallback.replaceChildren(...describeFallback(target, placement?.fallback ?? []));
    },
    showError({ headline, advice, detail }) {
      forgetAnswer();
      enter('error', headline, advice, detail);
    },
  };
}

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
    const share = percent.format(guess.probability);
    item.style.setProperty('--share', String(guess.probability));
    item.toggleAttribute('data-best', guess === guesses[0]);
    const [label, value] = item.children;
    if (label) label.textContent = labelOf(labels, guess);
    if (value) value.textContent = share;
  }
}

function createBar(): HTMLLIElement {
  const item = document.createElement('li');
  item.append(textElement('span', '', 'label'), textElement('span', '', 'percent'), textElement('span', '', 'bar'));
  return item;
}

function labelOf(labels: readonly string[], guess: Guess | undefined): string {
  if (!guess) return 'nothing';
  return labels[guess.class] ?? `class ${guess.class}`;
}

function describeDevice({ target, description }: Device): string {
  return `${target.toUpperCase()}: ${description}`;
}

function describeFallback(target: Target, steps: readonly FallbackStep[]): HTMLElement[] {
  if (steps.length === 0) return [];
  const list = document.createElement('ul');
  const reasons = steps.map(({ provider, target: tried, reason }) => {
    return textElement('li', `${providers[provider]} (${tried.toUpperCase()}): ${reason}`);
  });
  list.append(...reasons);
  return [textElement('p', `Asked for the ${target.toUpperCase()}; tried before this:`), list];
}

function textElement(tag: 'p' | 'li' | 'span', text: string, className?: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function duration(milliseconds: number): string {
  if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(0)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

function describeDownload(loaded: number, total: number | undefined, rate: number | undefined): string {
  if (total === undefined) return 'Downloading the model…';
  const size = megabytes(total);
  const left = rate ? (total - loaded) / rate : undefined;
  // Seconds that change all the time would be read out all the time.
  return left === undefined || left < 10
    ? `Downloading ${size}…`
    : `Downloading ${size}, about ${roundUp(left)} s left…`;
}

function roundUp(seconds: number): number {
  return Math.ceil(seconds / 10) * 10;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
