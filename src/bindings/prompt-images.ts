import { isOnDevice, type NamedClientTensor } from '../rpc/inference-client.js';
import { quote, WasiNNError } from '../standard/error.js';
import { joinBytes } from '../standard/join-bytes.js';
import { checkImages, countMarks, imageMark } from '../standard/prompt-images.js';
import type { TextModel } from '../standard/text.js';
import { parseTextConfiguration, type TextConfiguration, type TextSetting } from '../standard/text-configuration.js';

/** Captured: the thread loses it before guest code runs (`guest/confine.ts`). */
const { atob } = globalThis;

type Bytes = Uint8Array<ArrayBuffer>;

/** A prompt, and the images whose places it marks. */
export interface ImagePrompt {
  readonly prompt: Bytes;
  readonly images: readonly Bytes[];
}

/** Reads a file of the guest. @returns nothing where the guest has no such file */
export type ReadFile = (path: string) => Bytes | undefined;

/** A guest without files. */
export const noFiles: ReadFile = () => undefined;

export interface PromptContext {
  /** What the guest calls, for the texts of errors. */
  readonly operation: string;
  readonly model: TextModel;
  /** The setting `image`: the path of a file. Empty for none. */
  readonly image: TextSetting | undefined;
  readonly readFile: ReadFile;
}

const tagStart = '<img src="data:image/';
const base64Start = ';base64,';
const tagEnd = '">';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Makes one character of each byte, so that places in the text are places in the bytes. */
const byteDecoder = new TextDecoder('latin1');

/**
 * Finds the image of a prompt as WasmEdge does: the first tag `<img src="data:image/…;base64,…">`, which becomes a mark, or
 * else the file that the setting `image` names.
 *
 * @throws WasiNNError `invalid-argument` for a damaged tag, a file that the guest does not have, a model that takes no images,
 *   and a prompt that does not mark the place of its image
 */
export function findImage(prompt: Bytes, { operation, model, image, readFile }: PromptContext): ImagePrompt {
  const found = findTag(operation, prompt) ?? { prompt, images: readImages(operation, image, readFile) };
  const images = found.images.length;
  if (images > 0) {
    const marks = countMarks(decoder.decode(found.prompt));
    checkImages(operation, { images, marks }, model.takesImages);
  }
  return found;
}

function findTag(operation: string, prompt: Bytes): ImagePrompt | undefined {
  const text = byteDecoder.decode(prompt);
  const start = text.indexOf(tagStart);
  if (start < 0) return undefined;
  const data = text.indexOf(base64Start, start);
  const end = data < 0 ? -1 : text.indexOf(tagEnd, data);
  if (end < 0) return undefined;
  const image = decodeBase64(operation, text.slice(data + base64Start.length, end));
  const rest = prompt.subarray(end + tagEnd.length);
  return { prompt: joinBytes([prompt.subarray(0, start), encoder.encode(imageMark), rest]), images: [image] };
}

function decodeBase64(operation: string, payload: string): Bytes {
  let characters: string;
  try {
    characters = atob(payload);
  } catch {
    const text = `${operation}: the image in the prompt should be base64, but ${quote(payload.slice(0, 40))} came: encode its file again`;
    throw new WasiNNError('invalid-argument', text);
  }
  const bytes = new Uint8Array(characters.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = characters.charCodeAt(at);
  return bytes;
}

function readImages(operation: string, path: TextSetting | undefined, readFile: ReadFile): readonly Bytes[] {
  if (typeof path !== 'string' || path === '') return [];
  const bytes = readFile(path);
  if (bytes) return [bytes];
  const text = `${operation}: the setting "image" names the file ${quote(path)}, which the guest does not have: give it to the guest with the option "files"`;
  throw new WasiNNError('invalid-argument', text);
}

/**
 * Adds the image of the prompt, as input "2", to the inputs that a component gives a language model. Inputs that have one already
 * stay as they are. So do inputs without a prompt of bytes, which the hub refuses.
 *
 * @throws WasiNNError as `findImage`, and as `parseTextConfiguration` for the settings, input "1"
 */
export function addImage(
  inputs: readonly NamedClientTensor[],
  model: TextModel,
  readFile: ReadFile,
): readonly NamedClientTensor[] {
  const given = bytesOf(inputs, '0');
  if (!given || inputs.some(([name]) => name === '2')) return inputs;
  const settings = bytesOf(inputs, '1');
  const json = settings ? decoder.decode(settings) : '';
  const { image }: TextConfiguration = json === '' ? {} : parseTextConfiguration('compute', json);
  const { prompt, images } = findImage(given, { operation: 'compute', model, image, readFile });
  const [data] = images;
  if (!data) return inputs;
  return [...inputs.filter(([name]) => name !== '0'), toInput('0', prompt), toInput('2', data)];
}

function bytesOf(inputs: readonly NamedClientTensor[], wanted: string): Bytes | undefined {
  const tensor = inputs.find(([name]) => name === wanted)?.[1];
  return tensor && !isOnDevice(tensor) && tensor.type === 'U8' ? tensor.data : undefined;
}

function toInput(name: string, data: Bytes): NamedClientTensor {
  return [name, { type: 'U8', dimensions: [data.byteLength], data }];
}
