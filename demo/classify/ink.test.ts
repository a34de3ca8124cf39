import { describe, expect, it } from 'vitest';
import { type Frame, frameInk, imagePen, imageSize, type Point, type Stroke } from './ink.js';

const inkSide = 20 - imagePen;

function place(frame: Frame | undefined, point: Point): Point {
  if (!frame) throw new Error('The paper was taken for empty.');
  return { x: frame.scale * point.x + frame.left, y: frame.scale * point.y + frame.top };
}

/** A rectangle drawn in one stroke: its centre of mass is its middle. */
function rectangle(left: number, top: number, width: number, height: number): Stroke {
  return [
    { x: left, y: top },
    { x: left + width, y: top },
    { x: left + width, y: top + height },
    { x: left, y: top + height },
    { x: left, y: top },
  ];
}

describe('frameInk', () => {
  it('finds nothing on empty paper', () => {
    expect(frameInk([])).toBeUndefined();
    expect(frameInk([[]])).toBeUndefined();
  });

  it('makes the longer side of the ink 20 pixels, the pen included', () => {
    const tall = frameInk([rectangle(0.4, 0.1, 0.2, 0.8)]);
    const wide = frameInk([rectangle(0.1, 0.4, 0.8, 0.2)]);
    expect(tall?.scale).toBeCloseTo(inkSide / 0.8);
    expect(wide?.scale).toBeCloseTo(inkSide / 0.8);
  });

  it.each([
    ['small in a corner', rectangle(0.02, 0.05, 0.25, 0.3)],
    ['large', rectangle(0.05, 0.05, 0.9, 0.9)],
  ])('puts ink that is %s in the middle', (_where, stroke) => {
    const frame = frameInk([stroke]);
    const [first, , opposite] = stroke;
    if (!first || !opposite) throw new Error('A rectangle has four corners.');
    const start = place(frame, first);
    const end = place(frame, opposite);
    expect((start.x + end.x) / 2).toBeCloseTo(imageSize / 2);
    expect((start.y + end.y) / 2).toBeCloseTo(imageSize / 2);
  });

  it('puts the centre of mass in the middle, not that of the bounds', () => {
    // A seven: most of its ink is at the top and the right.
    const seven: Stroke = [
      { x: 0.2, y: 0.2 },
      { x: 0.7, y: 0.2 },
      { x: 0.6, y: 0.8 },
    ];
    const frame = frameInk([seven]);
    const top = place(frame, { x: 0.2, y: 0.2 });
    const bottom = place(frame, { x: 0.6, y: 0.8 });
    expect((top.y + bottom.y) / 2).toBeGreaterThan(imageSize / 2);
  });

  it('keeps all ink in the image however far from the middle its mass lies', () => {
    const scribble = Array.from({ length: 200 }, (_, step) => ({ x: 0.9 + 0.05 * (step % 2), y: 0.9 }));
    const frame = frameInk([scribble, [{ x: 0.1, y: 0.1 }]]);
    for (const point of [...scribble, { x: 0.1, y: 0.1 }]) {
      const { x, y } = place(frame, point);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(imagePen / 2 - 1e-9);
      expect(Math.max(x, y)).toBeLessThanOrEqual(imageSize - imagePen / 2 + 1e-9);
    }
  });

  it('does not magnify a dot to the size of a digit', () => {
    const dot = { x: 0.3, y: 0.6 };
    const frame = frameInk([[dot]]);
    expect(frame?.scale).toBeCloseTo(inkSide / 0.2);
    expect(place(frame, dot)).toEqual({ x: imageSize / 2, y: imageSize / 2 });
  });
});
