import type { Photo, PhotoReply } from './photo.js';

/** The longest side that is kept: enough for any model of the page, and for showing. */
const longestSide = 512;

addEventListener('message', async ({ data }: MessageEvent<Blob>) => {
  try {
    const photo = await shrink(data);
    postMessage(photo, { transfer: [photo.image.pixels.buffer, photo.preview] });
  } catch (error) {
    postMessage({ failure: error instanceof Error ? error.message : String(error) } satisfies PhotoReply);
  }
});

async function shrink(file: Blob): Promise<Photo> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));

  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('the browser gives no 2D context for an offscreen canvas');
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();

  const { data } = context.getImageData(0, 0, width, height);
  return { image: { width, height, pixels: new Uint8Array(data.buffer) }, preview: canvas.transferToImageBitmap() };
}
