/** A point on the paper: from 0 to 1 across and down, whatever size the paper is shown at. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The way of the pen from where it was put down to where it was lifted. */
export type Stroke = readonly Point[];

/** Where the paper comes to lie in the image: a point p of the paper at `scale * p + (left, top)`, in pixels. */
export interface Frame {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** MNIST's images are 28 pixels square, and the digits in them fit a square of 20. */
export const imageSize = 28;
const inkSize = 20;

/** The pen in the image, in pixels: about as thick as the pens that MNIST was written with, however small one draws. */
export const imagePen = 2.4;

/** The least side of the square that is magnified to the size of a digit, so that a dot does not fill the image. */
const leastSide = 0.2;

/**
 * Frames the ink as MNIST does: its bounding square, with the pen's thickness, is 20 of 28 pixels, and its centre of
 * mass lies in the middle. `undefined` for paper without ink.
 */
export function frameInk(strokes: readonly Stroke[]): Frame | undefined {
  const bounds = boundsOf(strokes);
  if (!bounds) return undefined;
  const side = Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top, leastSide);
  const scale = (inkSize - imagePen) / side;
  const centre = centreOfMass(strokes);
  return {
    scale,
    left: keepInside(imageSize / 2 - scale * centre.x, scale * bounds.left, scale * bounds.right),
    top: keepInside(imageSize / 2 - scale * centre.y, scale * bounds.top, scale * bounds.bottom),
  };
}

function boundsOf(strokes: readonly Stroke[]): Bounds | undefined {
  const points = strokes.flat();
  if (points.length === 0) return undefined;
  // Not Math.min(...points): a long drawing has more points than a call may have arguments.
  return points.reduce<Bounds>(
    (bounds, { x, y }) => ({
      left: Math.min(bounds.left, x),
      top: Math.min(bounds.top, y),
      right: Math.max(bounds.right, x),
      bottom: Math.max(bounds.bottom, y),
    }),
    { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity },
  );
}

/** The pen is equally thick everywhere, so a piece of a stroke weighs what it is long. */
function centreOfMass(strokes: readonly Stroke[]): Point {
  // A dot has no length but does have ink; this is far less than any line one can see.
  const dot = 1e-6;
  let mass = 0;
  let x = 0;
  let y = 0;
  for (const stroke of strokes) {
    let previous = stroke[0];
    if (!previous) continue;
    for (const point of stroke) {
      const weight = Math.hypot(point.x - previous.x, point.y - previous.y) + dot;
      mass += weight;
      x += (weight * (point.x + previous.x)) / 2;
      y += (weight * (point.y + previous.y)) / 2;
      previous = point;
    }
  }
  return { x: x / mass, y: y / mass };
}

/** Moves ink that reaches from `start` to `end` as far as `offset` asks, but not out of the image. */
function keepInside(offset: number, start: number, end: number): number {
  const margin = imagePen / 2;
  return Math.min(Math.max(offset, margin - start), imageSize - margin - end);
}
