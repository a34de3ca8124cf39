import { createWasiNN, type Graph, type MeasureEvent, type ModelProgress, type WasiNN } from '../../src/index.js';
import { showCode } from '../code/code-tabs.js';
import { element, elementById } from '../layout/element.js';
import { size } from '../layout/quantities.js';
import { describeFailure } from '../run/failure.js';
import { storyModel, storyName } from './story-model.js';

const guestUrl = new URL('../../guests/generate.wasm', import.meta.url);

const promptField = elementById('prompt', HTMLTextAreaElement);
const tokensField = elementById('tokens', HTMLInputElement);
const temperatureField = elementById('temperature', HTMLInputElement);
const seedField = elementById('seed', HTMLInputElement);
const urlField = elementById('url', HTMLInputElement);
const fileField = elementById('file', HTMLInputElement);
const writeButton = elementById('write', HTMLButtonElement);
const stopButton = elementById('stop', HTMLButtonElement);
const page = elementById('text', HTMLElement);
const state = elementById('state', HTMLElement);
const failure = elementById('failure', HTMLElement);
const progressBar = elementById('progress', HTMLProgressElement);

let host: WasiNN | undefined;
/** Held so that the model stays loaded from one text to the next. */
let held: { readonly name: string; readonly graph: Graph } | undefined;
let writing: AbortController | undefined;
let filesChosen = 0;
/** How fast the last text came, in words; empty until that is known. */
let speed = '';

writeButton.addEventListener('click', () => void write());
stopButton.addEventListener('click', () => writing?.abort());
for (const button of elementById('beginnings', HTMLElement).querySelectorAll('button')) {
  button.addEventListener('click', () => {
    promptField.value = button.textContent ?? '';
    if (!writing) void write();
  });
}
fileField.addEventListener('change', () => {
  filesChosen += 1;
});
for (const radio of document.querySelectorAll('input[name="model"]')) radio.addEventListener('change', showChoice);
showCode(elementById('code', HTMLElement));
showChoice();

/** Nothing of the engine or the model is loaded before the visitor has a text written. */
function openHost(): WasiNN {
  if (host) return host;
  host = createWasiNN({ models: storyModel('../'), measure: true });
  host.addEventListener('progress', ({ detail }) => showProgress(detail));
  host.addEventListener('measure', ({ detail }) => showSpeed(detail));
  return host;
}

function chosenModel(): string {
  const chosen = document.querySelector('input[name="model"]:checked');
  return chosen instanceof HTMLInputElement ? chosen.value : 'own';
}

function showChoice(): void {
  elementById('url-field', HTMLElement).hidden = chosenModel() !== 'url';
  elementById('file-field', HTMLElement).hidden = chosenModel() !== 'file';
}

/**
 * Registers the model that the visitor has chosen.
 *
 * @returns its name
 * @throws Error where the choice is incomplete
 */
function register(nn: WasiNN): string {
  const choice = chosenModel();
  if (choice === 'url') {
    const { value } = urlField;
    if (!URL.canParse(value))
      throw new Error('Expected the URL of a GGUF file, such as https://models.example/model.gguf.');
    nn.models.add({ [value]: { url: value, encoding: 'ggml' } });
    return value;
  }
  if (choice === 'file') {
    const [file] = fileField.files ?? [];
    if (!file) throw new Error('Choose a GGUF file from this device first.');
    const name = `file ${filesChosen}`;
    nn.models.add({ [name]: { data: file, encoding: 'ggml' } });
    return name;
  }
  return storyName;
}

/** Runs the guest, which writes each token as it comes. */
async function write(): Promise<void> {
  const controller = new AbortController();
  writing = controller;
  const { signal } = controller;
  const prompt = promptField.value;
  setWriting(true);
  failure.replaceChildren();
  page.replaceChildren(element('span', { class: 'prompt' }, prompt));
  state.textContent = 'Loading the model…';
  const decoder = new TextDecoder();
  try {
    const nn = openHost();
    const name = register(nn);
    await hold(nn, name, signal);
    state.textContent = 'Writing…';
    speed = '';
    const { exitCode, stderr } = await nn.run(guestUrl, {
      args: [name, prompt, settings()],
      signal,
      stdout: (bytes) => append(decoder.decode(bytes, { stream: true })),
    });
    if (exitCode !== 0) throw new Error(stderr.trim() || `The guest ended with the exit code ${exitCode}.`);
    state.textContent = `Done${speed}`;
  } catch (error) {
    state.textContent = signal.aborted ? 'Stopped' : 'Not written';
    if (!signal.aborted) failure.replaceChildren(describeFailure(error));
  } finally {
    writing = undefined;
    setWriting(false);
  }
}

async function hold(nn: WasiNN, name: string, signal: AbortSignal): Promise<void> {
  if (held?.name === name) return;
  await held?.graph.dispose();
  held = undefined;
  held = { name, graph: await nn.loadByName(name, { signal }) };
}

function settings(): string {
  return JSON.stringify({
    'n-predict': tokensField.valueAsNumber || 160,
    'stream-stdout': true,
    temp: temperatureField.valueAsNumber || 0,
    seed: seedField.valueAsNumber || 0,
  });
}

function setWriting(isWriting: boolean): void {
  writeButton.disabled = isWriting;
  stopButton.disabled = !isWriting;
  progressBar.hidden = true;
  page.toggleAttribute('data-writing', isWriting);
}

function append(text: string): void {
  const isAtEnd = page.scrollTop + page.clientHeight >= page.scrollHeight - 8;
  page.append(text);
  if (isAtEnd) page.scrollTop = page.scrollHeight;
}

/** The measure may come before the guest has ended, or after. */
function showSpeed({ operation, outputTokens, tokensPerSecond }: MeasureEvent): void {
  if (operation !== 'generate' || outputTokens === undefined || tokensPerSecond === undefined) return;
  speed = `: ${outputTokens} tokens, ${tokensPerSecond.toFixed(0)} in a second`;
  if (!writing && state.textContent === 'Done') state.textContent = `Done${speed}`;
}

function showProgress({ phase, loaded, total }: ModelProgress): void {
  if (!writing) return;
  const isDownload = phase === 'download' && loaded !== total;
  progressBar.hidden = !isDownload;
  if (!isDownload) return;
  if (total) progressBar.value = loaded / total;
  else progressBar.removeAttribute('value');
  state.textContent = `Downloading the model: ${size(loaded)}${total ? ` of ${size(total)}` : ''}`;
}
