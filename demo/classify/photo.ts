import { acceptFiles } from '../layout/accept-files.js';
import type { Image } from './classifier.js';

export interface Photo {
  readonly image: Image;
  /** For showing; it belongs to whom it is given, and is gone once shown. */
  readonly preview: ImageBitmap;
}

/** The answer of the worker that reads photos. */
export type PhotoReply = Photo | { readonly failure: string };

/** The file is no image that this browser can decode, or decoding is beyond it. */
export class UnreadablePhotoError extends Error {
  override readonly name = 'UnreadablePhotoError';
}

/**
 * Decodes and shrinks a photo off the main thread.
 *
 * @throws UnreadablePhotoError
 */
export async function readPhoto(file: Blob): Promise<Photo> {
  // A worker for each photo, so that the many megabytes of a decoded one are gone with it.
  const worker = new Worker(new URL('./photo-worker.ts', import.meta.url), { type: 'module' });
  try {
    const reply = await new Promise<PhotoReply>((resolve, reject) => {
      worker.addEventListener('message', ({ data }: MessageEvent<PhotoReply>) => resolve(data));
      worker.addEventListener('error', () => reject(new UnreadablePhotoError('its worker could not be started')));
      worker.postMessage(file);
    });
    if ('failure' in reply) throw new UnreadablePhotoError(reply.failure);
    return reply;
  } finally {
    worker.terminate();
  }
}

/** The first image among files that were chosen, dropped or pasted. */
export function firstImage(files: Iterable<File> | undefined | null): File | undefined {
  const all = [...(files ?? [])];
  // A file that says nothing of its type is worth a try.
  return all.find(({ type }) => type.startsWith('image/')) ?? all[0];
}

/**
 * Takes photos that are chosen, dropped anywhere on the page, or pasted.
 *
 * @param input the file chooser
 * @param dropZone says, by its attribute `data-dragging`, that a dragged file may be dropped
 */
export function acceptPhotos(input: HTMLInputElement, dropZone: HTMLElement, onPhoto: (file: File) => void): void {
  const accept = (files: Iterable<File> | undefined | null) => {
    const file = firstImage(files);
    if (file) onPhoto(file);
  };
  acceptFiles(input, dropZone, accept);
  document.addEventListener('paste', ({ clipboardData }) => accept(clipboardData?.files));
}

/** Shows a photo, at its own shape, on a canvas. */
export function showPhoto(canvas: HTMLCanvasElement, preview: ImageBitmap): void {
  canvas.width = preview.width;
  canvas.height = preview.height;
  canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(preview);
}
