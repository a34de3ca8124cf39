import { createWasiNN, type Graph, type TensorInfo, type WasiNN } from '../../src/index.js';
import type { Image } from '../classify/classifier.js';
import { imagenetLabels } from '../classify/imagenet-labels.js';
import { acceptPhotos, readPhoto, showPhoto } from '../classify/photo.js';
import { showCode } from '../code/code-tabs.js';
import { element, elementById } from '../layout/element.js';
import { duration } from '../layout/quantities.js';
import { describeFailure } from '../run/failure.js';
import { type Format, formats, modelOf } from './formats.js';
import { imageTensor, pictureInput, type Scaling, scalings } from './image-tensor.js';
import { bestScores } from './scores.js';

/** A program of PyTorch declares no inputs: most take this. */
const undeclared: TensorInfo = { name: '0', type: 'FP32', shape: [1, 3, 224, 224] };

const dropZone = elementById('drop-zone', HTMLElement);
const preview = elementById('preview', HTMLCanvasElement);
const runButton = elementById('run', HTMLButtonElement);
const state = elementById('state', HTMLElement);
const chosen = new Map<Format, readonly File[]>();
const results = new Map<Format, HTMLElement>();
let picture: Image | undefined;
let host: WasiNN | undefined;

acceptPhotos(elementById('picture', HTMLInputElement), dropZone, (file) => void takePicture(file));
elementById('formats', HTMLElement).replaceChildren(...formats.map(formatItem));
runButton.addEventListener('click', () => void classifyWithAll());
showCode(elementById('code', HTMLElement));

function formatItem(format: Format): HTMLElement {
  const { label, files, endings, encoding } = format;
  const input = element('input', {
    type: 'file',
    multiple: '',
    accept: endings.join(','),
    'data-testid': `files-${encoding}`,
  });
  const result = element('div', { 'data-testid': `result-${encoding}` });
  results.set(format, result);
  input.addEventListener('change', () => {
    chosen.set(format, [...(input.files ?? [])]);
    offer();
  });
  return element('li', {}, element('label', { class: 'field' }, `${label}: ${files}`, input), result);
}

async function takePicture(file: File): Promise<void> {
  try {
    const photo = await readPhoto(file);
    picture = photo.image;
    showPhoto(preview, photo.preview);
    preview.ariaLabel = `The picture ${file.name}`;
    dropZone.toggleAttribute('data-filled', true);
    offer();
  } catch (error) {
    state.textContent = `The picture cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function offer(): void {
  runButton.disabled = !picture || chosen.size === 0;
  state.textContent = picture ? 'Choose models, and classify.' : 'Choose a picture too.';
}

async function classifyWithAll(): Promise<void> {
  const image = picture;
  if (!image) return;
  runButton.disabled = true;
  for (const [format, files] of chosen) {
    const result = results.get(format);
    if (!result || files.length === 0) continue;
    state.textContent = `${format.label}…`;
    result.replaceChildren();
    try {
      result.replaceChildren(...(await classify(format, files, image)));
    } catch (error) {
      result.replaceChildren(describeFailure(error));
    }
  }
  runButton.disabled = false;
  state.textContent = 'Done.';
}

/** @returns what is to be shown of the answer */
async function classify(format: Format, files: readonly File[], image: Image): Promise<HTMLElement[]> {
  host ??= createWasiNN();
  host.models.add({ [format.encoding]: modelOf(format, files) });
  const graph = await host.loadByName(format.encoding);
  try {
    const input = pictureInput(graph.inputs === 'any' ? undeclared : (graph.inputs[0] ?? undeclared));
    const tensor = imageTensor(resize(image, input.width, input.height), input, scaling());
    // The first computation may compile; the second is what a guest gets from then on.
    await graph.compute({ [input.name]: tensor });
    const start = performance.now();
    const outputs = await graph.compute({ [input.name]: tensor });
    return describeAnswer(Object.values(outputs)[0]?.data, performance.now() - start, graph);
  } finally {
    await graph.dispose();
  }
}

function describeAnswer(
  data: ArrayLike<number | bigint> | undefined,
  milliseconds: number,
  graph: Graph,
): HTMLElement[] {
  const guesses = bestScores(data ?? [], imagenetLabels).map(({ label, score }) =>
    element('li', {}, label, element('span', { class: 'number' }, score.toPrecision(4))),
  );
  const facts = `${duration(milliseconds)} on ${graph.device.description}`;
  return [element('ol', { class: 'guesses' }, ...guesses), element('p', { class: 'note' }, facts)];
}

function scaling(): Scaling {
  const { value } = elementById('scaling', HTMLSelectElement);
  return scalings.find((scaling) => scaling === value) ?? 'imagenet';
}

function resize({ width, height, pixels }: Image, toWidth: number, toHeight: number): Image {
  const source = new OffscreenCanvas(width, height);
  source.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
  const context = new OffscreenCanvas(toWidth, toHeight).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser gives no 2D context.');
  context.drawImage(source, 0, 0, toWidth, toHeight);
  const { data } = context.getImageData(0, 0, toWidth, toHeight);
  return { width: toWidth, height: toHeight, pixels: new Uint8Array(data.buffer) };
}
