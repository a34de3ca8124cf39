import { isBlob, isUint8Array } from '../standard/brand-checks.js';
import type { ChatMessage } from '../standard/chat.js';
import { messageOf, WasiNNError } from '../standard/error.js';
import { countMarks, imageMark, maximumImages } from '../standard/prompt-images.js';
import { describeValue } from './describe-value.js';

/** A text, or the messages of a chat. */
type Prompt = string | readonly ChatMessage[];

/**
 * Reads the images that a page gives with a prompt.
 *
 * @returns copies of their bytes
 * @throws WasiNNError `invalid-argument` for what is no list of images or cannot be read, `too-large` for too many
 */
export async function readImages(images: unknown): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  if (!Array.isArray(images)) throw invalid(`images: expected an array, but ${describeValue(images)} came`);
  if (images.length <= maximumImages) return Promise.all(Array.from(images, readImage));
  const text = `generate: ${images.length} images came, but a prompt has ${maximumImages} at most`;
  throw new WasiNNError('too-large', text);
}

async function readImage(image: unknown, index: number): Promise<Uint8Array<ArrayBuffer>> {
  if (isBlob(image)) return new Uint8Array(await readBlob(image, index));
  if (isUint8Array(image)) return image.slice();
  throw invalid(`images[${index}]: expected a Blob or a Uint8Array, but ${describeValue(image)} came`);
}

/** @throws WasiNNError `invalid-argument` where the browser cannot read it, as a file that was changed since it was chosen */
async function readBlob(image: Blob, index: number): Promise<ArrayBuffer> {
  try {
    return await image.arrayBuffer();
  } catch (cause) {
    throw invalid(`images[${index}]: the browser cannot read the Blob: ${messageOf(cause)}`, cause);
  }
}

/**
 * Marks the places of images in a prompt that has no mark: before it, or before the last message of the user.
 *
 * @throws WasiNNError `invalid-argument` for a chat in which the user says nothing
 */
export function markImages(prompt: Prompt, images: number): Prompt {
  if (countMarks(prompt) > 0) return prompt;
  const marks = imageMark.repeat(images);
  if (typeof prompt === 'string') return marks + prompt;
  const last = prompt.findLastIndex(({ role }) => role === 'user');
  if (last < 0) throw invalid('images: expected a message of the user, to which they belong');
  return prompt.map((message, index) => (index === last ? { ...message, content: marks + message.content } : message));
}

function invalid(reason: string, cause?: unknown): WasiNNError {
  return new WasiNNError('invalid-argument', `generate: ${reason}`, cause === undefined ? undefined : { cause });
}
