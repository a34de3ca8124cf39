import { describe, expect, it } from 'vitest';
import { placeImages } from './place-images.js';

const marker = '<__media_k3y__>';
const image = new Uint8Array(1);

const place = (prompt: string, images: number) =>
  placeImages({ prompt, images: Array(images).fill(image) }, marker).prompt;

describe('the places of images', () => {
  it.each([
    ['a <image> b <image>', 2, `a ${marker} b ${marker}`],
    ['a <image>', 0, 'a <image>'],
    [`a ${marker} <image>`, 1, `a   ${marker}`],
    [`a ${marker}`, 0, 'a  '],
    [`<im${marker}age> <__media_${marker}k3y__> <image>`, 1, `<im age> <__media_ k3y__> ${marker}`],
  ])('have the marker of llama.cpp: %j with %i images', (prompt, images, expected) => {
    expect(place(prompt, images)).toBe(expected);
  });

  it('are in the messages of a chat too', () => {
    const prompt = [
      { role: 'system', content: marker },
      { role: 'user', content: 'What is <image>?' },
    ] as const;
    expect(placeImages({ prompt, images: [image] }, marker)).toEqual({
      prompt: [
        { role: 'system', content: ' ' },
        { role: 'user', content: `What is ${marker}?` },
      ],
      images: [image],
    });
  });

  it('are none for a model that takes no images', () => {
    const prompt = { prompt: `<image> ${marker}`, images: [] };
    expect(placeImages(prompt, undefined)).toEqual(prompt);
  });
});
