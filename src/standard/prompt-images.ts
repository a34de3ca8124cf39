import type { ChatMessage } from './chat.js';
import { WasiNNError } from './error.js';

/** Marks the place of an image in a prompt, as in WasmEdge. */
export const imageMark = '<image>';

/** How many images one prompt may have. */
export const maximumImages = 64;

/** How many images a prompt, or the messages of a chat, have marks for. */
export function countMarks(prompt: string | readonly ChatMessage[]): number {
  if (typeof prompt === 'string') return prompt.split(imageMark).length - 1;
  return prompt.reduce((total, { content }) => total + countMarks(content), 0);
}

export interface ImageCounts {
  readonly images: number;
  readonly marks: number;
}

/**
 * Checks that a model takes images, and that the prompt marks the place of each. In a prompt without images, a mark is text.
 *
 * @param takesImages whether the model does
 * @throws WasiNNError `invalid-argument`
 */
export function checkImages(operation: string, { images, marks }: ImageCounts, takesImages: boolean): void {
  if (images === 0) return;
  if (!takesImages) {
    const text = `${operation}: the prompt has an image, but the model takes none: register its projector, a GGUF file, as one of its parts`;
    throw new WasiNNError('invalid-argument', text);
  }
  if (images === marks) return;
  const text = `${operation}: expected "${imageMark}" in the prompt once for each image, but ${countOf(marks, 'mark')} and ${countOf(images, 'image')} came`;
  throw new WasiNNError('invalid-argument', text);
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
