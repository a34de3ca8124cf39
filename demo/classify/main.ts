import { createWasiNN } from '../../src/index.js';
import { showCode } from '../code/code-tabs.js';
import { elementById } from '../layout/element.js';
import { createCallTimes } from './call-times.js';
import { offerCamera } from './camera.js';
import { createClassifier, type Image, type Question } from './classifier.js';
import { createComparison } from './comparison.js';
import { createDrawing } from './drawing.js';
import { explain } from './explain.js';
import { createKeptModelsView } from './kept-models.js';
import { modelRegistry, readSettings, registryName, type Target, type Task, targets } from './models.js';
import { newestWins } from './newest-wins.js';
import { acceptPhotos, readPhoto, showPhoto } from './photo.js';
import { createResultView } from './result.js';
import { sampleDigits, strokePicture } from './samples.js';
import { createTimeDiagram } from './time-diagram.js';

/** What the visitor showed last. */
interface Subject {
  readonly task: Task;
  readonly image: Image;
}

/** The page opens with this sample. */
const firstSample = 3;

/** How often "compare all" has each target classify the picture: once to load the model, the others warm. */
const comparedCalls = 8;

/** Why a download ends that the visitor has ended; others end for a newer picture. */
const cancelled = new DOMException('The visitor has cancelled the download.', 'AbortError');

const settings = readSettings(location.search);
const nn = createWasiNN({
  models: modelRegistry(settings),
  allowSoftwareAdapter: settings.allowSoftwareAdapter,
  measure: true,
});
const classifier = createClassifier(nn);
const classifying = newestWins(classifier.classify);
const reading = newestWins(readPhoto);

const result = createResultView();
const diagram = createTimeDiagram();
const comparison = createComparison();
const keptModels = createKeptModelsView(nn.models);
const drawing = createDrawing(elementById('canvas', HTMLCanvasElement), {
  onInk: () => void classify({ task: 'digit', image: drawing.image() }, { isFinal: false }),
  onStroke: takeDrawing,
  onClear: forgetDrawing,
});
const dropZone = elementById('drop-zone', HTMLElement);
const preview = elementById('preview', HTMLCanvasElement);
const targetChoice = elementById('targets', HTMLFieldSetElement);
const resume = elementById('resume', HTMLButtonElement);
const compareButton = elementById('compare', HTMLButtonElement);
let subject: Subject | undefined;
let comparedTask: Task = 'digit';
let downloading: AbortController | undefined;

const callTimes = createCallTimes((times) => {
  const target = targets.find((target) => registryName(comparedTask, target) === times.model);
  if (!target) return;
  diagram.show(times);
  comparison.add(target, times, classifier.placementOf(times.model));
});

nn.addEventListener('measure', ({ detail }) => callTimes.takeMeasure(detail));
elementById('photo-source', HTMLElement).textContent = new URL(settings.photoModel, location.href).host;
acceptPhotos(elementById('photo-input', HTMLInputElement), dropZone, (file) => void takePhoto(file));
offerCamera((picture) => void takePhoto(picture));
elementById('clear', HTMLButtonElement).addEventListener('click', () => {
  drawing.clear();
  forgetDrawing();
});
elementById('cancel', HTMLButtonElement).addEventListener('click', () => downloading?.abort(cancelled));
resume.addEventListener('click', () => {
  if (subject) void classify(subject);
});
targetChoice.addEventListener('change', () => {
  if (subject) void classify(subject);
});
compareButton.addEventListener('click', () => void compareTargets());
showCode(elementById('code', HTMLElement));
showSamples();
drawing.showSample(sampleDigits[firstSample] ?? []);
takeDrawing();

function showSamples(): void {
  const buttons = sampleDigits.map((strokes, digit) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.ariaLabel = `Sample of the digit ${digit}`;
    button.append(strokePicture(strokes));
    button.addEventListener('click', () => {
      drawing.showSample(strokes);
      takeDrawing();
    });
    return button;
  });
  elementById('samples', HTMLElement).replaceChildren(...buttons);
}

function takeDrawing(): void {
  reading.withdraw();
  void classify({ task: 'digit', image: drawing.image() });
}

function forgetDrawing(): void {
  if (subject?.task !== 'digit') return;
  subject = undefined;
  classifying.withdraw();
  result.showIdle();
}

async function takePhoto(file: File): Promise<void> {
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

/**
 * Asks the guest, and shows its answer if nothing newer was asked meanwhile.
 *
 * @param isFinal whether the picture is finished, and not half a digit
 */
async function classify(next: Subject, { isFinal = true } = {}): Promise<void> {
  const target = chosenTarget();
  const { task } = next;
  subject = next;
  downloading?.abort();
  chooseTask(task);
  if (isFinal) result.showLoading(`Looking at the ${task}…`);
  try {
    if (task === 'photo' && !(await fetchPhotoModel(next))) return;
    const question = { ...next, target };
    const classification = await classifying.submit(question);
    if (!classification) return;
    callTimes.takeCall({ model: registryName(task, target), ...classification });
    result.showAnswer(task, target, classification, isFinal);
    if (classification.loadedModel) await keptModels.refresh();
  } catch (error) {
    showFailure(error, task);
  }
}

/** Times of one model are no measure for those of another. */
function chooseTask(task: Task): void {
  if (task === comparedTask) return;
  comparedTask = task;
  comparison.clear();
}

/** @returns whether the picture is still to be classified */
async function fetchPhotoModel(photo: Subject): Promise<boolean> {
  const name = registryName('photo', 'cpu');
  if (classifier.hasLoaded(name)) return true;
  const controller = new AbortController();
  downloading = controller;
  const { signal } = controller;
  // The guest reports any other failure when it loads the model.
  await nn.models.preload(name, { signal, onProgress: result.showDownload }).catch(() => undefined);
  if (downloading === controller) downloading = undefined;
  if (signal.reason === cancelled && subject === photo) result.showPaused();
  return !signal.aborted;
}

/** Has all targets classify the picture that is shown, one after another. */
async function compareTargets(): Promise<void> {
  const compared = subject;
  if (!compared) return;
  compareButton.disabled = true;
  try {
    for (const target of targets) {
      result.showLoading(`Comparing: ${target.toUpperCase()}…`);
      for (let call = 0; call < comparedCalls && subject === compared; call++)
        await compareOnce({ ...compared, target });
    }
    if (subject === compared) await classify(compared);
  } catch (error) {
    showFailure(error, compared.task);
  } finally {
    compareButton.disabled = false;
  }
}

async function compareOnce(question: Question): Promise<void> {
  const answer = await classifier.classify(question);
  callTimes.takeCall({ model: registryName(question.task, question.target), ...answer });
}

function showFailure(error: unknown, task: Task): void {
  const modelLoaded = classifier.hasLoaded(registryName(task, chosenTarget()));
  result.showError(explain(error, { task, modelLoaded, isOnline: navigator.onLine }));
}

function chosenTarget(): Target {
  const chosen = targetChoice.querySelector('input:checked');
  const value = chosen instanceof HTMLInputElement ? chosen.value : undefined;
  return targets.find((target) => target === value) ?? 'cpu';
}
