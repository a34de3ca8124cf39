/** A decoded photo. */
export interface Photo {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and alpha, row by row. */
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** @throws Error where the photo cannot be fetched */
export async function fetchPhoto(url: string): Promise<Photo> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const bitmap = await createImageBitmap(await response.blob());
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('the browser has no 2D canvas');
  context.drawImage(bitmap, 0, 0);
  return { width, height, pixels: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer) };
}
