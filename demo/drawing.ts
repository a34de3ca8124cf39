import type { Image } from './classifier.js';
import { type Frame, frameInk, imagePen, imageSize, type Point, type Stroke } from './ink.js';

/** The sheet of paper that digits are drawn on. */
export interface Drawing {
  clear(): void;
  /** The ink as MNIST would show it, in black on white. */
  image(): Image;
}

/** The pen on the paper; the paper is 1 wide. */
const paperPen = 0.075;

/** @param onStroke called each time the pen is lifted */
export function createDrawing(canvas: HTMLCanvasElement, onStroke: () => void): Drawing {
  const context = present(canvas.getContext('2d'));
  let strokes: Point[][] = [];
  let pen: { readonly pointer: number; readonly stroke: Point[] } | undefined;
  let paintIsDue = false;

  /** Pointers move more often than screens are refreshed. */
  function paintSoon(): void {
    if (paintIsDue) return;
    paintIsDue = true;
    requestAnimationFrame(() => {
      paintIsDue = false;
      paint(context, strokes, { scale: canvas.width, left: 0, top: 0 }, paperPen * canvas.width);
    });
  }

  function putDown(event: PointerEvent): void {
    if (pen || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pen = { pointer: event.pointerId, stroke: [positionOn(canvas, event)] };
    strokes.push(pen.stroke);
    paintSoon();
  }

  function move(event: PointerEvent): void {
    if (pen?.pointer !== event.pointerId) return;
    // Between two frames a fast pen passes many places, and a straight line through all of them would cut its curves.
    // Old Safari and insecure pages lack the method; an event made by a script has none.
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const place of passed.length > 0 ? passed : [event]) pen.stroke.push(positionOn(canvas, place));
    paintSoon();
  }

  function lift(event: PointerEvent): void {
    if (pen?.pointer !== event.pointerId) return;
    pen = undefined;
    onStroke();
  }

  canvas.addEventListener('pointerdown', putDown);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', lift);
  canvas.addEventListener('pointercancel', lift);

  new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = canvas.width;
    paintSoon();
  }).observe(canvas);

  return {
    clear() {
      strokes = [];
      pen = undefined;
      paintSoon();
    },
    image: () => imageOf(strokes),
  };
}

function positionOn(canvas: HTMLCanvasElement, { clientX, clientY }: PointerEvent): Point {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return { x: fraction((clientX - left) / width), y: fraction((clientY - top) / height) };
}

/** A captured pointer goes on beyond the edge of the paper, its ink does not. */
function fraction(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}

/**
 * Draws the strokes anew at the size of the model's input: the canvas' own antialiasing makes better greys than shrinking
 * the large picture would, and so few pixels are read back at once.
 */
function imageOf(strokes: readonly Stroke[]): Image {
  const canvas = new OffscreenCanvas(imageSize, imageSize);
  const context = present(canvas.getContext('2d', { willReadFrequently: true }));
  paint(context, strokes, frameInk(strokes) ?? { scale: 1, left: 0, top: 0 }, imagePen);
  const { width, height, data } = context.getImageData(0, 0, imageSize, imageSize);
  return { width, height, pixels: new Uint8Array(data.buffer) };
}

/** @param pen its thickness in pixels */
function paint(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  strokes: readonly Stroke[],
  { scale, left, top }: Frame,
  pen: number,
): void {
  context.resetTransform();
  context.fillStyle = 'white';
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);

  context.setTransform(scale, 0, 0, scale, left, top);
  context.strokeStyle = 'black';
  context.lineWidth = pen / scale;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  for (const stroke of strokes) trace(context, stroke);
  context.stroke();
}

function trace(path: CanvasPath, [start, ...rest]: Stroke): void {
  if (!start) return;
  path.moveTo(start.x, start.y);
  // A dot must have a length, too small to see, to be drawn at all.
  path.lineTo(start.x + 1e-4, start.y);
  for (const { x, y } of rest) path.lineTo(x, y);
}

function present<Context>(context: Context | null): Context {
  if (context) return context;
  throw new Error('The browser gives no 2D context for the drawing.');
}
