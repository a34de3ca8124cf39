import type { Image } from '../classify/classifier.js';

/** The pixels of an image element, once it is decoded. */
export async function drawnImage(source: HTMLImageElement): Promise<Image> {
  await source.decode();
  const { naturalWidth: width, naturalHeight: height } = source;
  return draw(source, width, height);
}

/** The same picture at another size. */
export function resizeImage({ width, height, pixels }: Image, toWidth: number, toHeight: number): Image {
  const source = new OffscreenCanvas(width, height);
  source.getContext('2d')?.putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
  return draw(source, toWidth, toHeight);
}

function draw(source: CanvasImageSource, width: number, height: number): Image {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser gives no 2D context.');
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, pixels: new Uint8Array(data.buffer) };
}
