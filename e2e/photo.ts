import type { Page } from '@playwright/test';
import { squeezenetInput } from '../demo/classify/input-spec.js';

interface Guess {
  readonly class: number;
  readonly probability: number;
}

interface ClassifyExports {
  classify(image: object, model: object, top: number): Promise<Guess[]>;
}

/**
 * Instantiates the guest `classify` on a page, and classifies one photo with it some times.
 *
 * @returns the classes of the last answer, the most probable first
 */
export function classifyPhoto(page: Page, photo: string, modelUrl: string, times: number): Promise<number[]> {
  return page.evaluate(
    async ({ photo, modelUrl, times, squeezenetInput }) => {
      const library = '/lib/wasi-nn-web.js';
      const { createWasiNN }: typeof import('../src/index.js') = await import(library);
      const nn = createWasiNN({ models: { squeezenet: modelUrl } });
      const guest = await nn.instantiate<ClassifyExports>('/guests/classify.component.wasm');

      const bitmap = await createImageBitmap(await (await fetch(photo)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context?.drawImage(bitmap, 0, 0);
      const pixels = context?.getImageData(0, 0, bitmap.width, bitmap.height).data;
      const image = {
        width: bitmap.width,
        height: bitmap.height,
        pixels: new Uint8Array(pixels?.buffer ?? new ArrayBuffer()),
      };

      let guesses: Guess[] = [];
      for (let time = 0; time < times; time++) {
        guesses = await guest.exports.classify(image, { ...squeezenetInput, name: 'squeezenet' }, 5);
      }
      nn.dispose();
      return guesses.map((guess) => guess.class);
    },
    { photo, modelUrl, times, squeezenetInput },
  );
}
