import { checkLimit } from '../../limits.js';

/** One axis of an interpolation: its lengths, and the ratio of result to input that coordinates are worked out with. */
export interface ResizedAxis {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

export const coordinateModes = [
  'half_pixel',
  'pytorch_half_pixel',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'align_corners',
] as const;

/** Which coordinate of the input a place of the result has. */
export type Coordinates = (typeof coordinateModes)[number];

export const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil', 'simple'] as const;

export type NearestMode = (typeof nearestModes)[number];

const maximumLength = 2 ** 16;
const maximumElements = 2 ** 22;

/** The coordinates of all places of the result. */
function coordinatesOf({ from, to, scale }: ResizedAxis, mode: Coordinates): number[] {
  checkLimit('places on an axis that is resized', Math.max(from, to), maximumLength);
  return Array.from({ length: to }, (_, place) => {
    if (mode === 'half_pixel') return (place + 0.5) / scale - 0.5;
    if (mode === 'pytorch_half_pixel') return to > 1 ? (place + 0.5) / scale - 0.5 : 0;
    if (mode === 'tf_half_pixel_for_nn') return (place + 0.5) / scale;
    if (mode === 'asymmetric') return place / scale;
    return to === 1 ? 0 : (place * (from - 1)) / (to - 1);
  });
}

/** The place of the input that each place of the result is a copy of. */
export function nearestIndices(axis: ResizedAxis, coordinates: Coordinates, mode: NearestMode): number[] {
  return coordinatesOf(axis, coordinates).map((at) => clamp(roundBy(mode, at, axis.scale), axis.from));
}

function roundBy(mode: NearestMode, at: number, scale: number): number {
  if (mode === 'floor') return Math.floor(at);
  if (mode === 'ceil') return Math.ceil(at);
  if (mode === 'round_prefer_ceil') return Math.floor(at + 0.5);
  if (mode === 'round_prefer_floor') return Math.ceil(at - 0.5);
  return scale < 1 ? Math.ceil(at) : Math.trunc(at);
}

function checkMatrix({ from, to }: ResizedAxis): void {
  checkLimit('elements in the matrix of a resized axis', from * to, maximumElements);
}

export interface Taps {
  readonly below: readonly number[];
  readonly above: readonly number[];
  /** How much of each result comes from above. */
  readonly weights: readonly number[];
}

/** The two places of the input that each place of the result is blended of. */
export function linearTaps(axis: ResizedAxis, mode: Coordinates): Taps {
  const at = coordinatesOf(axis, mode).map((place) => Math.min(Math.max(place, 0), axis.from - 1));
  const below = at.map(Math.floor);
  return {
    below,
    above: below.map((place) => clamp(place + 1, axis.from)),
    weights: at.map((place, index) => place - (below[index] ?? 0)),
  };
}

/** Linear, where a result that is smaller averages over all that it covers. Places outside of the input have no weight. */
export function triangleRows(axis: ResizedAxis, mode: Coordinates): Float64Array[] {
  checkMatrix(axis);
  const stretch = Math.min(axis.scale, 1);
  return coordinatesOf(axis, mode).map((at) => {
    const row = new Float64Array(axis.from);
    const radius = 1 / stretch;
    const first = Math.max(Math.ceil(at - radius), 0);
    const last = Math.min(Math.floor(at + radius), axis.from - 1);
    for (let place = first; place <= last; place++) row[place] = Math.max(1 - Math.abs(at - place) * stretch, 0);
    return normalized(row, clamp(Math.round(at), axis.from));
  });
}

/**
 * Cubic convolution (Keys) with the coefficient `a`. Places outside of the input count for the outermost, or for nothing
 * where a smaller result averages.
 */
export function cubicRows(axis: ResizedAxis, mode: Coordinates, a: number, averages: boolean): Float64Array[] {
  checkMatrix(axis);
  const stretch = averages ? Math.min(axis.scale, 1) : 1;
  return coordinatesOf(axis, mode).map((at) => {
    const row = new Float64Array(axis.from);
    const radius = 2 / stretch;
    for (let place = Math.ceil(at - radius); place <= Math.floor(at + radius); place++) {
      const isInside = place >= 0 && place < axis.from;
      if (averages && !isInside) continue;
      const target = clamp(place, axis.from);
      row[target] = (row[target] ?? 0) + cubic(Math.abs(at - place) * stretch, a);
    }
    return averages ? normalized(row, clamp(Math.round(at), axis.from)) : row;
  });
}

function cubic(distance: number, a: number): number {
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  if (distance < 2) return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a;
  return 0;
}

/** Weights that sum to one; a row without any takes its nearest place. */
function normalized(row: Float64Array, nearest: number): Float64Array {
  const sum = row.reduce((total, weight) => total + weight, 0);
  if (sum === 0) row[nearest] = 1;
  return sum === 0 ? row : row.map((weight) => weight / sum);
}

function clamp(place: number, length: number): number {
  return Math.min(Math.max(place, 0), length - 1);
}
