import { createWasiNN, type Graph, type ModelOptions, type TensorInfo, type WasiNN } from '../../src/index.js';
import type { Image } from '../classify/classifier.js';
import { imagenetLabels } from '../classify/imagenet-labels.js';
import { modelRegistry, readSettings, registryName } from '../classify/models.js';
import { firstImage, readPhoto, showPhoto } from '../classify/photo.js';
import { showCode } from '../code/code-tabs.js';
import { acceptFiles } from '../layout/accept-files.js';
import { elementById } from '../layout/element.js';
import { duration, size } from '../layout/quantities.js';
import { describeFailure } from '../run/failure.js';
import { createFormatCard, type FormatCard } from './format-card.js';
import { type Format, formatOf, formats, modelOf } from './formats.js';
import { imageTensor, pictureInput, type Scaling, scalings } from './image-tensor.js';
import { drawnImage, resizeImage } from './pictures.js';
import { bestScores } from './scores.js';

/** A program of PyTorch declares no inputs: most take this. */
const undeclared: TensorInfo = { name: '0', type: 'FP32', shape: [1, 3, 224, 224] };

const settings = readSettings(location.search);
const dropZone = elementById('drop-zone', HTMLElement);
const preview = elementById('preview', HTMLCanvasElement);
const kitten = elementById('kitten', HTMLImageElement);
const scalingChoice = elementById('scaling', HTMLSelectElement);
const runButton = elementById('run', HTMLButtonElement);
const state = elementById('state', HTMLElement);
const chosen = new Map<Format, ModelOptions>();
const cards = new Map(formats.map((format) => [format, createCard(format)]));
/** The picture of the visitor. Without one the kitten is classified. */
let ownPicture: Image | undefined;
let host: WasiNN | undefined;
let last: Promise<void> = Promise.resolve();

acceptFiles(elementById('picture', HTMLInputElement), dropZone, takeFiles);
document.addEventListener('paste', ({ clipboardData }) => takeFiles([...(clipboardData?.files ?? [])]));
elementById('formats', HTMLElement).replaceChildren(...[...cards.values()].map(({ item }) => item));
runButton.addEventListener('click', classifyAll);
scalingChoice.addEventListener('change', classifyAll);
showCode(elementById('code', HTMLElement));

function createCard(format: Format): FormatCard {
  const onFiles = (files: readonly File[]) => takeModel(format, files);
  if (format.encoding !== 'onnx') return createFormatCard(format, { onFiles });
  const { host } = new URL(settings.photoModel, location.href);
  const download = { words: `Get SqueezeNet, 5 MB from ${host}`, onClick: () => takePublicModel(format) };
  return createFormatCard(format, { onFiles, download });
}

/** Files that are dropped or pasted: models by their endings, and a picture. */
function takeFiles(files: readonly File[]): void {
  const isModel = (file: File) => formatOf(file.name) !== undefined;
  const picture = firstImage(files.filter((file) => !isModel(file)));
  if (picture) void takePicture(picture);
  for (const format of formats) {
    const own = files.filter((file) => formatOf(file.name) === format);
    if (own.length > 0) takeModel(format, own);
  }
}

function takeModel(format: Format, files: readonly File[]): void {
  if (files.length === 0) return;
  try {
    chosen.set(format, modelOf(format, files));
  } catch (error) {
    chosen.delete(format);
    cards.get(format)?.showFailure(describeFailure(error));
    return;
  }
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  cards.get(format)?.showModel(`${files.map(({ name }) => name).join(', ')}: ${size(bytes)}`);
  classifyLater(format);
}

function takePublicModel(format: Format): void {
  const model = modelRegistry(settings, '../')[registryName('photo', 'cpu')];
  if (!model) return;
  chosen.set(format, model);
  cards.get(format)?.showModel(`SqueezeNet from ${new URL(model.url, location.href).host}`);
  classifyLater(format);
}

async function takePicture(file: File): Promise<void> {
  try {
    const photo = await readPhoto(file);
    ownPicture = photo.image;
    showPhoto(preview, photo.preview);
    preview.ariaLabel = `The picture ${file.name}`;
    preview.hidden = false;
    kitten.hidden = true;
    classifyAll();
  } catch (error) {
    state.textContent = `The picture cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function classifyAll(): void {
  for (const format of chosen.keys()) classifyLater(format);
}

/** One model is loaded at a time: models are large. */
function classifyLater(format: Format): void {
  runButton.disabled = true;
  cards.get(format)?.showWorking('Waiting for the other models…');
  const turn = last.then(() => classifyWith(format));
  last = turn;
  void turn.then(() => {
    if (last !== turn) return;
    runButton.disabled = false;
    state.textContent = 'Done. Choose another model, or another picture.';
  });
}

async function classifyWith(format: Format): Promise<void> {
  const card = cards.get(format);
  const model = chosen.get(format);
  if (!card || !model) return;
  card.showWorking('Loading the model…');
  state.textContent = `Classifying with ${format.label}…`;
  try {
    const image = ownPicture ?? (await drawnImage(kitten));
    const { scores, milliseconds, graph } = await classify(format, model, image);
    card.showAnswer(bestScores(scores, imagenetLabels), `${duration(milliseconds)} on ${graph.device.description}`);
  } catch (error) {
    card.showFailure(describeFailure(error));
  }
}

interface Answer {
  readonly scores: ArrayLike<number | bigint>;
  /** How long a warm computation took. */
  readonly milliseconds: number;
  readonly graph: Graph;
}

async function classify(format: Format, model: ModelOptions, image: Image): Promise<Answer> {
  host ??= createWasiNN();
  host.models.add({ [format.encoding]: model });
  const graph = await host.loadByName(format.encoding);
  try {
    const input = pictureInput(graph.inputs === 'any' ? undeclared : (graph.inputs[0] ?? undeclared));
    const tensor = imageTensor(resizeImage(image, input.width, input.height), input, chosenScaling());
    // The first computation may compile; the second is what a guest gets from then on.
    await graph.compute({ [input.name]: tensor });
    const start = performance.now();
    const outputs = await graph.compute({ [input.name]: tensor });
    return { scores: Object.values(outputs)[0]?.data ?? [], milliseconds: performance.now() - start, graph };
  } finally {
    await graph.dispose();
  }
}

function chosenScaling(): Scaling {
  return scalings.find((scaling) => scaling === scalingChoice.value) ?? 'imagenet';
}
