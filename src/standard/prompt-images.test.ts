import { describe, expect, it } from 'vitest';
import { checkImages, countMarks } from './prompt-images.js';

describe('the marks of images', () => {
  it.each([
    ['', 0],
    ['an <image >', 0],
    ['<image><image> and <image>', 3],
  ])('are counted in a text: %j', (prompt, expected) => {
    expect(countMarks(prompt)).toBe(expected);
  });

  it('are counted in all messages of a chat', () => {
    const messages = [
      { role: 'system', content: '<image>' },
      { role: 'user', content: 'none' },
      { role: 'user', content: '<image> <image>' },
    ] as const;
    expect(countMarks(messages)).toBe(3);
  });

  it.each([
    [{ images: 0, marks: 0 }, false],
    [{ images: 0, marks: 2 }, false],
    [{ images: 2, marks: 2 }, true],
  ])('may be %j (where the model takes images: %s)', (counts, takesImages) => {
    expect(() => checkImages('compute', counts, takesImages)).not.toThrow();
  });

  it.each([
    [{ images: 1, marks: 1 }, false, 'compute: the prompt has an image, but the model takes none'],
    [{ images: 1, marks: 0 }, true, 'once for each image, but 0 marks and 1 image came'],
    [{ images: 2, marks: 1 }, true, 'but 1 mark and 2 images came'],
  ])('may not be %j (where the model takes images: %s)', (counts, takesImages, message) => {
    expect(() => checkImages('compute', counts, takesImages)).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    );
  });
});
