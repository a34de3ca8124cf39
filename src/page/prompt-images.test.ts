import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { markImages, readImages } from './prompt-images.js';

describe('the images of a prompt', () => {
  it('are Blobs and bytes, which are copied', async () => {
    const bytes = Uint8Array.of(0, 1, 2, 3).subarray(1, 3);
    const images = await readImages([new Blob(['ab']), bytes]);
    bytes.fill(9);
    expect(images).toEqual([Uint8Array.of(97, 98), Uint8Array.of(1, 2)]);
    expect(images[1]?.buffer.byteLength).toBe(2);
  });

  it.each([
    ['cat.png', 'invalid-argument', 'images: expected an array, but "cat.png" came'],
    [[new Blob(), 'cat.png'], 'invalid-argument', 'images[1]: expected a Blob or a Uint8Array, but "cat.png" came'],
    [Array(1), 'invalid-argument', 'images[0]: expected a Blob or a Uint8Array, but undefined came'],
    [Array(65).fill(new Blob()), 'too-large', '65 images came, but a prompt has 64 at most'],
  ])('are nothing else: %j', async (images, code, message) => {
    await expect(readImages(images)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('are refused where the browser cannot read them', async () => {
    const lost = new DOMException('the file was changed', 'NotReadableError');
    const read = vi.spyOn(Blob.prototype, 'arrayBuffer').mockRejectedValue(lost);
    onTestFinished(() => read.mockRestore());
    await expect(readImages([new Blob(['ab'])])).rejects.toMatchObject({
      code: 'invalid-argument',
      message: 'generate: images[0]: the browser cannot read the Blob: the file was changed',
      cause: lost,
    });
  });

  it.each([
    ['What?', 2, '<image><image>What?'],
    ['What is <image>?', 2, 'What is <image>?'],
  ])('have marks: %j with %i images', (prompt, images, expected) => {
    expect(markImages(prompt, images)).toBe(expected);
  });

  it('belong to the last message of the user', () => {
    const chat = [
      { role: 'user', content: 'Hello' },
      { role: 'user', content: 'What is this?' },
      { role: 'assistant', content: 'It is' },
    ] as const;
    const marked = markImages(chat, 1);
    expect(marked).toEqual([chat[0], { role: 'user', content: '<image>What is this?' }, chat[2]]);
    expect(markImages(marked, 1)).toEqual(marked);
    expect(() => markImages([{ role: 'system', content: 'Be short' }], 1)).toThrowError(
      'generate: images: expected a message of the user',
    );
  });
});
