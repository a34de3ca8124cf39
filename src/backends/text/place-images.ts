import { imageMark } from '../../standard/prompt-images.js';
import type { LlamaPrompt } from './llama.js';

/**
 * Writes llama.cpp's marker in place of each mark of an image. llama.cpp takes every marker for an image, so none that the prompt
 * brings along may stay: a space takes its place.
 *
 * @param marker absent for a model that takes no images. It is another one each time that a model is loaded
 */
export function placeImages({ prompt, images }: LlamaPrompt, marker: string | undefined): LlamaPrompt {
  if (marker === undefined) return { prompt, images };
  const place = (text: string) => {
    const plain = text.replaceAll(marker, ' ');
    return images.length > 0 ? plain.replaceAll(imageMark, () => marker) : plain;
  };
  if (typeof prompt === 'string') return { prompt: place(prompt), images };
  return { prompt: prompt.map((message) => ({ ...message, content: place(message.content) })), images };
}
