import { describe, expect, it } from 'vitest';
import { firstImage } from './photo.js';

const text = new File(['text'], 'notes.txt', { type: 'text/plain' });
const photo = new File(['photo'], 'dog.jpg', { type: 'image/jpeg' });

describe('firstImage', () => {
  it('finds the image among other files', () => {
    expect(firstImage([text, photo])).toBe(photo);
  });

  it('tries a file of another type when there is no image', () => {
    expect(firstImage([text])).toBe(text);
  });

  it.each([undefined, null, []])('finds nothing in %j', (files) => {
    expect(firstImage(files)).toBeUndefined();
  });
});
