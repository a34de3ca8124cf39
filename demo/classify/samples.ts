import type { Point, Stroke } from './ink.js';

/** Points on an ellipse. @param from where it begins and ends, in turns clockwise from the top */
function arc(centre: Point, across: number, down: number, from: number, to: number): Point[] {
  const steps = 16;
  return Array.from({ length: steps + 1 }, (_, step) => {
    const angle = 2 * Math.PI * (from + ((to - from) * step) / steps);
    return { x: centre.x + across * Math.sin(angle), y: centre.y - down * Math.cos(angle) };
  });
}

const at = (x: number, y: number): Point => ({ x, y });

/** A digit of each kind, written as people write them. */
export const sampleDigits: readonly (readonly Stroke[])[] = [
  [arc(at(0.5, 0.5), 0.19, 0.3, 0, 1)],
  [[at(0.53, 0.2), at(0.48, 0.8)]],
  [[...arc(at(0.49, 0.36), 0.17, 0.16, -0.25, 0.33), at(0.3, 0.78), at(0.72, 0.76)]],
  [[...arc(at(0.47, 0.35), 0.17, 0.15, -0.2, 0.45), ...arc(at(0.47, 0.64), 0.2, 0.165, 0.02, 0.7)]],
  [
    [at(0.36, 0.2), at(0.3, 0.52), at(0.7, 0.5)],
    [at(0.63, 0.22), at(0.58, 0.82)],
  ],
  [[at(0.68, 0.21), at(0.38, 0.22), at(0.35, 0.47), ...arc(at(0.47, 0.61), 0.2, 0.18, -0.1, 0.65)]],
  [[at(0.6, 0.18), at(0.42, 0.38), at(0.34, 0.6), ...arc(at(0.5, 0.64), 0.165, 0.16, -0.25, 0.8)]],
  [[at(0.28, 0.22), at(0.7, 0.22), at(0.45, 0.82)]],
  [[...arc(at(0.5, 0.35), 0.15, 0.15, 0.5, 1.5), ...arc(at(0.5, 0.66), 0.18, 0.16, 0, 1)]],
  [[...arc(at(0.48, 0.37), 0.17, 0.16, 0.2, 1.25), at(0.63, 0.6), at(0.58, 0.82)]],
];

const svgNamespace = 'http://www.w3.org/2000/svg';

/** A picture of strokes, for a button. */
export function strokePicture(strokes: readonly Stroke[]): SVGElement {
  const picture = document.createElementNS(svgNamespace, 'svg');
  picture.setAttribute('viewBox', '0.15 0.08 0.7 0.84');
  picture.setAttribute('aria-hidden', 'true');
  for (const stroke of strokes) {
    const line = document.createElementNS(svgNamespace, 'polyline');
    line.setAttribute('points', stroke.map(({ x, y }) => `${x.toFixed(3)},${y.toFixed(3)}`).join(' '));
    picture.append(line);
  }
  return picture;
}
