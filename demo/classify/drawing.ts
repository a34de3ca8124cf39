import type { Image } from './classifier.js';
import { type Frame, frameInk, imagePen, imageSize, type Point, type Stroke } from './ink.js';
import { penByKeys } from './keyboard-pen.js';

/** The sheet of paper that digits are drawn on. */
export interface Drawing {
  clear(): void;
  /** Shows strokes that are no drawing of the visitor: the first of the visitor's own takes their place. */
  showSample(strokes: readonly Stroke[]): void;
  /** The ink as MNIST would show it, in black on white. */
  image(): Image;
}

export interface DrawingEvents {
  /** The stroke that is being drawn has grown; at most once for each frame of the screen. */
  onInk(): void;
  /** The pen was lifted. */
  onStroke(): void;
  onClear(): void;
}

/** The pen on the paper; the paper is 1 wide. */
const paperPen = 0.075;

export function createDrawing(canvas: HTMLCanvasElement, { onInk, onStroke, onClear }: DrawingEvents): Drawing {
  const context = present(canvas.getContext('2d'));
  const darkness = matchMedia('(prefers-color-scheme: dark)');
  let strokes: Stroke[] = [];
  let isSample = false;
  let pen: { readonly pointer: number; readonly stroke: Point[] } | undefined;
  let paintIsDue = false;

  /** Pointers move more often than screens are refreshed. */
  function paintSoon(): void {
    if (paintIsDue) return;
    paintIsDue = true;
    requestAnimationFrame(() => {
      paintIsDue = false;
      const { width } = canvas;
      context.resetTransform();
      context.clearRect(0, 0, width, width);
      const ink = getComputedStyle(canvas).color;
      paint(context, strokes, { scale: width, left: 0, top: 0 }, paperPen * width, ink);
      keys.paint(context, width);
      if (pen) onInk();
    });
  }

  function begin(point: Point): Point[] {
    if (isSample) strokes = [];
    isSample = false;
    const stroke = [point];
    strokes.push(stroke);
    return stroke;
  }

  function clear(): void {
    strokes = [];
    pen = undefined;
    isSample = false;
    paintSoon();
  }

  function putDown(event: PointerEvent): void {
    if (pen || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pen = { pointer: event.pointerId, stroke: begin(positionOn(canvas, event)) };
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

  const keys = penByKeys(canvas, {
    begin,
    onMove: paintSoon,
    onStroke,
    onClear() {
      clear();
      onClear();
    },
  });

  canvas.addEventListener('pointerdown', putDown);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', lift);
  canvas.addEventListener('pointercancel', lift);
  darkness.addEventListener('change', paintSoon);

  new ResizeObserver(() => {
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = canvas.width;
    paintSoon();
  }).observe(canvas);

  return {
    clear,
    showSample(sample) {
      clear();
      strokes = [...sample];
      isSample = true;
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
 * Draws the strokes again at the size of the model's input: the canvas' own antialiasing makes better greys than shrinking
 * the large picture would, and so few pixels are read back at once.
 */
export function imageOf(strokes: readonly Stroke[]): Image {
  const canvas = new OffscreenCanvas(imageSize, imageSize);
  const context = present(canvas.getContext('2d', { willReadFrequently: true }));
  context.fillStyle = 'white';
  context.fillRect(0, 0, imageSize, imageSize);
  paint(context, strokes, frameInk(strokes) ?? { scale: 1, left: 0, top: 0 }, imagePen, 'black');
  const { width, height, data } = context.getImageData(0, 0, imageSize, imageSize);
  return { width, height, pixels: new Uint8Array(data.buffer) };
}

/** @param pen its thickness in pixels */
function paint(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  strokes: readonly Stroke[],
  { scale, left, top }: Frame,
  pen: number,
  ink: string,
): void {
  context.setTransform(scale, 0, 0, scale, left, top);
  context.strokeStyle = ink;
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
