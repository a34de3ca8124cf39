import { createWasiNN } from '../src/index.js';
import { createClassifier, type Image } from './classifier.js';
import { createDrawing } from './drawing.js';
import { elementById } from './element.js';
import { explain } from './explain.js';
import { createKeptModelsView } from './kept-models.js';
import { modelRegistry, readSettings, registryName, type Target, type Task, targets } from './models.js';
import { newestWins } from './newest-wins.js';
import { acceptPhotos, readPhoto, showPhoto } from './photo.js';
import { createResultView } from './result.js';

/** What the visitor showed last. */
interface Subject {
  readonly task: Task;
  readonly image: Image;
}

const settings = readSettings(location.search);
const nn = createWasiNN({
  models: modelRegistry(settings),
  allowSoftwareAdapter: settings.allowSoftwareAdapter,
});
const classifier = createClassifier(nn);
const classifying = newestWins(classifier.classify);
const reading = newestWins(readPhoto);

const result = createResultView();
const keptModels = createKeptModelsView(nn.models);
const drawing = createDrawing(elementById('canvas', HTMLCanvasElement), takeDrawing);
const dropZone = elementById('drop-zone', HTMLElement);
const preview = elementById('preview', HTMLCanvasElement);
const targetChoice = elementById('targets', HTMLFieldSetElement);
let subject: Subject | undefined;
let untouched = true;

nn.addEventListener('progress', ({ detail }) => result.showProgress(detail));
acceptPhotos(elementById('photo-input', HTMLInputElement), dropZone, (file) => void takePhoto(file));
elementById('clear', HTMLButtonElement).addEventListener('click', clearDrawing);
targetChoice.addEventListener('change', () => {
  if (subject) void classify(subject);
});
void startGuest();
void preloadDigits();

async function startGuest(): Promise<void> {
  result.showLoading('Starting the guest…');
  try {
    await classifier.start();
    if (untouched) result.showIdle();
  } catch (error) {
    showFailure(error, 'digit');
  }
}

/** The first drawing need not wait for its model then. What goes wrong is told when a drawing needs the model. */
async function preloadDigits(): Promise<void> {
  await nn.models.preload(registryName('digit', 'cpu')).catch(() => undefined);
  await keptModels.refresh();
}

function takeDrawing(): void {
  reading.withdraw();
  void classify({ task: 'digit', image: drawing.image() });
}

function clearDrawing(): void {
  drawing.clear();
  if (subject?.task !== 'digit') return;
  subject = undefined;
  classifying.withdraw();
  result.showIdle();
}

async function takePhoto(file: File): Promise<void> {
  untouched = false;
  classifying.withdraw();
  subject = undefined;
  result.showLoading('Reading the photo…');
  try {
    const photo = await reading.submit(file);
    if (!photo) return;
    showPhoto(preview, photo.preview);
    preview.ariaLabel = `The photo ${file.name}`;
    dropZone.toggleAttribute('data-filled', true);
    await classify({ task: 'photo', image: photo.image });
  } catch (error) {
    showFailure(error, 'photo');
  }
}

/** Asks the guest, and shows its answer if nothing newer was asked meanwhile. */
async function classify(next: Subject): Promise<void> {
  untouched = false;
  subject = next;
  const target = chosenTarget();
  result.showLoading(`Looking at the ${next.task}…`);
  try {
    const classification = await classifying.submit({ ...next, target });
    if (classification) result.showAnswer(next.task, target, classification);
    await keptModels.refresh();
  } catch (error) {
    showFailure(error, next.task);
  }
}

function showFailure(error: unknown, task: Task): void {
  const modelLoaded = classifier.hasLoaded(registryName(task, chosenTarget()));
  result.showError(explain(error, { task, modelLoaded }));
}

function chosenTarget(): Target {
  const chosen = targetChoice.querySelector('input:checked');
  const value = chosen instanceof HTMLInputElement ? chosen.value : undefined;
  return targets.find((target) => target === value) ?? 'cpu';
}
