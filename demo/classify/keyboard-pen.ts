import type { Point } from './ink.js';

export interface KeyboardPenEvents {
  /** Begins a stroke. @returns its points, which the pen adds to */
  begin(point: Point): Point[];
  onMove(): void;
  onStroke(): void;
  onClear(): void;
}

export interface KeyboardPen {
  /** Shows where the pen is, while keys move it. @param width of the paper in pixels */
  paint(context: CanvasRenderingContext2D, width: number): void;
}

/** How far a key moves the pen; the paper is 1 wide. */
const step = 0.03;

const directions: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -step, y: 0 },
  ArrowRight: { x: step, y: 0 },
  ArrowUp: { x: 0, y: -step },
  ArrowDown: { x: 0, y: step },
};

/** Draws by keys: arrows move the pen, the space bar puts it down and lifts it, Delete clears the paper. */
export function penByKeys(
  canvas: HTMLCanvasElement,
  { begin, onMove, onStroke, onClear }: KeyboardPenEvents,
): KeyboardPen {
  let place: Point = { x: 0.5, y: 0.25 };
  let stroke: Point[] | undefined;
  let isShown = false;

  function lift(): void {
    if (!stroke) return;
    stroke = undefined;
    onStroke();
  }

  function press(key: string): boolean {
    const direction = directions[key];
    if (direction) {
      place = { x: keepOnPaper(place.x + direction.x), y: keepOnPaper(place.y + direction.y) };
      stroke?.push(place);
    } else if (key === ' ') {
      if (stroke) lift();
      else stroke = begin(place);
    } else if (key === 'Delete' || key === 'Backspace') {
      stroke = undefined;
      onClear();
    } else {
      return false;
    }
    isShown = true;
    onMove();
    return true;
  }

  canvas.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (press(event.key)) event.preventDefault();
  });
  canvas.addEventListener('blur', () => {
    lift();
    isShown = false;
    onMove();
  });
  canvas.addEventListener('pointerdown', () => {
    isShown = false;
  });

  return {
    paint(context, width) {
      if (!isShown) return;
      context.resetTransform();
      context.beginPath();
      context.arc(place.x * width, place.y * width, 0.045 * width, 0, 2 * Math.PI);
      context.lineWidth = 0.01 * width;
      context.strokeStyle = getComputedStyle(canvas).accentColor;
      context.stroke();
    },
  };
}

function keepOnPaper(value: number): number {
  return Math.min(Math.max(value, 0.05), 0.95);
}
