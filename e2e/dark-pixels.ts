import type { Page } from '@playwright/test';

/** Counts the dark pixels of a PNG image. The page decodes the image, and must be allowed to load `data:` URLs. */
export function countDarkPixels(page: Page, png: Buffer): Promise<number> {
  return page.evaluate(async (base64) => {
    const response = await fetch(`data:image/png;base64,${base64}`);
    const image = await createImageBitmap(await response.blob());
    const pen = new OffscreenCanvas(image.width, image.height).getContext('2d');
    if (!pen) throw new Error('the page has no 2D canvas');
    pen.drawImage(image, 0, 0);
    const { data } = pen.getImageData(0, 0, image.width, image.height);
    let dark = 0;
    for (let index = 0; index < data.length; index += 4) if ((data[index] ?? 255) < 128) dark++;
    return dark;
  }, png.toString('base64'));
}
