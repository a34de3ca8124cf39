import { createWasiNN, type RunResult, type WasiNN } from '../../src/index.js';
import { showCode } from '../code/code-tabs.js';
import { acceptFiles } from '../layout/accept-files.js';
import { element, elementById } from '../layout/element.js';
import { duration, size } from '../layout/quantities.js';
import { type Example, examples } from './examples.js';
import { describeFailure } from './failure.js';
import { type GuestFacts, inspectGuest } from './inspect-guest.js';
import { nameModels } from './name-models.js';
import { splitArguments } from './split-arguments.js';
import { createTerminal } from './terminal.js';

/** The program that the visitor has chosen. */
interface Program {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly facts: GuestFacts;
}

const guestPlace = elementById('guest', HTMLElement);
const fileList = elementById('files', HTMLUListElement);
const argumentsField = elementById('arguments', HTMLTextAreaElement);
const stdinField = elementById('stdin', HTMLTextAreaElement);
const runButton = elementById('run', HTMLButtonElement);
const stopButton = elementById('stop', HTMLButtonElement);
const showsEvents = elementById('events', HTMLInputElement);
const state = elementById('state', HTMLElement);
const failure = elementById('failure', HTMLElement);
const written = elementById('written', HTMLUListElement);
const terminal = createTerminal(elementById('terminal', HTMLElement));

const files = new Map<string, Blob>();
let program: Program | undefined;
/** Whether what stands in the form is an example's: a visitor's own program begins with an empty form. */
let isExample = false;
let host: WasiNN | undefined;
let running: AbortController | undefined;

acceptFiles(
  elementById('file-input', HTMLInputElement),
  elementById('drop-zone', HTMLElement),
  (all) => void take(all),
);
runButton.addEventListener('click', () => void run());
stopButton.addEventListener('click', () => running?.abort(new Error('You have stopped the program.')));
for (const button of elementById('examples', HTMLElement).querySelectorAll('button')) offerExample(button);
showCode(elementById('code', HTMLElement));

/** Engines start when the first program runs. */
function openHost(): WasiNN {
  host ??= createWasiNN({
    measure: true,
    debug: (line) => {
      if (showsEvents.checked) terminal.note(line);
    },
  });
  return host;
}

function offerExample(button: HTMLButtonElement): void {
  const example = examples.find(({ label }) => label === button.querySelector('strong')?.textContent);
  if (example) button.addEventListener('click', () => void tryExample(example));
}

async function tryExample({ guest, fileName, args, stdin = '', note, files: sources }: Example): Promise<void> {
  if (running) return;
  elementById('example-note', HTMLElement).textContent = note;
  try {
    const fetched = Object.entries(sources()).map(async ([path, source]) => [path, await toBlob(source)] as const);
    const blobs = await Promise.all(fetched);
    const bytes = await toBlob(guest);
    isExample = true;
    files.clear();
    for (const [path, blob] of blobs) files.set(path, blob);
    argumentsField.value = args;
    stdinField.value = stdin;
    await takeProgram(fileName, bytes);
    showFiles();
    await run();
  } catch (error) {
    failure.replaceChildren(describeFailure(error));
  }
}

async function toBlob(source: string | URL | Blob | Uint8Array<ArrayBuffer>): Promise<Blob> {
  if (source instanceof Blob) return source;
  if (source instanceof Uint8Array) return new Blob([source]);
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${response.url} answered ${response.status} ${response.statusText}`);
  return response.blob();
}

/** A `.wasm` is the program, all else are files that it may read. */
async function take(chosen: readonly File[]): Promise<void> {
  if (isExample) {
    files.clear();
    argumentsField.value = '';
    stdinField.value = '';
  }
  isExample = false;
  for (const file of chosen) {
    if (file.name.endsWith('.wasm')) await takeProgram(file.name, file);
    else files.set(file.name, file);
  }
  showFiles();
}

async function takeProgram(name: string, file: Blob): Promise<void> {
  failure.replaceChildren();
  program = undefined;
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    program = { name, bytes, facts: await inspectGuest(bytes) };
    guestPlace.replaceChildren(describeProgram(program));
  } catch (error) {
    guestPlace.replaceChildren();
    failure.replaceChildren(describeFailure(new Error(`${name} is no WebAssembly that can be read`, { cause: error })));
  }
  runButton.disabled = !program?.facts.isProgram;
}

function describeProgram({ name, bytes, facts }: Program): HTMLElement {
  const list = element('ul', { tabindex: '0', 'aria-label': 'Imports' });
  list.append(...facts.imports.map((name) => element('li', {}, element('code', {}, name))));
  const box = element('div', { class: 'facts' });
  box.append(
    element('strong', {}, name),
    element('p', {}, `A ${facts.kind}, ${size(bytes.byteLength)}. It speaks ${facts.speaks}.`),
    element('details', {}, element('summary', {}, `${facts.imports.length} imports`), list),
  );
  if (facts.isProgram) return box;
  const exports = facts.exports.slice(0, 8).join(', ');
  box.append(
    element(
      'p',
      {},
      `It is a library: it has no start of its own. Call its functions with nn.instantiate: ${exports}.`,
    ),
  );
  return box;
}

function showFiles(): void {
  const names = nameModels(files);
  const items = [...files].map(([path, blob]) => {
    const field = element('input', { type: 'text', value: path, 'aria-label': `Path of ${path}`, spellcheck: 'false' });
    const remove = element('button', { type: 'button', 'aria-label': `Remove ${path}` }, 'Remove');
    field.addEventListener('change', () => move(path, field.value.trim()));
    remove.addEventListener('click', () => move(path, ''));
    const item = element('li', {}, field, element('span', { class: 'number' }, size(blob.size)), remove);
    const name = Object.keys(names).find((name) => path.includes(`${name}.`));
    if (name) item.append(element('span', { class: 'note' }, `A guest can also load it by the name “${name}”.`));
    return item;
  });
  fileList.replaceChildren(...items);
}

/** Gives a file another path; without one it goes. */
function move(from: string, to: string): void {
  const blob = files.get(from);
  files.delete(from);
  if (blob && to) files.set(to, blob);
  showFiles();
}

async function run(): Promise<void> {
  if (!program || running) return;
  const { name, bytes } = program;
  const controller = new AbortController();
  running = controller;
  setRunning(true);
  terminal.clear();
  failure.replaceChildren();
  written.replaceChildren();
  state.textContent = 'Running…';
  const start = performance.now();
  try {
    const nn = openHost();
    nn.models.add(nameModels(files));
    const result = await nn.run(bytes, {
      args: splitArguments(argumentsField.value),
      stdin: stdinField.value,
      files: Object.fromEntries(files),
      stdout: (piece) => terminal.write('stdout', piece),
      stderr: (piece) => terminal.write('stderr', piece),
      signal: controller.signal,
    });
    state.textContent = `Exit code ${result.exitCode} after ${duration(performance.now() - start)}`;
    showWritten(result);
  } catch (error) {
    state.textContent = `${name} did not end well`;
    failure.replaceChildren(describeFailure(error));
  } finally {
    running = undefined;
    setRunning(false);
  }
}

function setRunning(isRunning: boolean): void {
  runButton.disabled = isRunning || !program?.facts.isProgram;
  stopButton.disabled = !isRunning;
}

/** Offers the files that the program has made or changed. */
function showWritten({ files }: RunResult): void {
  for (const link of written.querySelectorAll('a')) URL.revokeObjectURL(link.href);
  const items = Object.entries(files).map(([path, bytes]) => {
    const href = URL.createObjectURL(new Blob([bytes]));
    const link = element('a', { href, download: path.split('/').at(-1) }, path);
    return element('li', {}, link, element('span', { class: 'number' }, size(bytes.byteLength)));
  });
  written.replaceChildren(...items);
}
