import { chromium, type Page } from '@playwright/test';
import { chromiumLaunchOptions } from '../e2e/chromium.js';
import { inTime } from './on-page.js';
import type { Measured } from './results.js';
import type { Bench } from './scenario.js';

const warmUpStrokes = 5;
const measuredStrokes = 20;

/** The corners of a seven, on paper of the size one by one. */
const seven = [
  [0.28, 0.22],
  [0.7, 0.22],
  [0.45, 0.82],
] as const;

/**
 * Draws on the built demo with the mouse. A sample is the time from the end of a stroke until the answer is on the screen.
 *
 * @throws Error where `build/demo` is missing, or where the page reads another digit
 */
export async function strokes({ site, share }: Bench): Promise<Measured> {
  const browser = await chromium.launch(chromiumLaunchOptions());
  try {
    const page = await browser.newPage();
    const response = await page.goto(`${site.origin}/demo/`);
    if (!response?.ok()) throw new Error('Expected the built demo in build/demo: run npm run build:demo first.');
    await page.locator('#result[data-state=ready]').waitFor();
    for (let stroke = 0; stroke < warmUpStrokes; stroke++) await drawSeven(page);
    const ours: number[] = [];
    while (ours.length < measuredStrokes * share) ours.push(await drawSeven(page));
    return { ours };
  } finally {
    await browser.close();
  }
}

async function drawSeven(page: Page): Promise<number> {
  await page.locator('#clear').click();
  const paper = await page.locator('#canvas').boundingBox();
  if (!paper) throw new Error('the demo shows no canvas');
  const [start, ...corners] = seven.map(([x, y]) => [paper.x + x * paper.width, paper.y + y * paper.height] as const);
  if (!start) throw new Error('the seven has no corners');
  await page.mouse.move(...start);
  await page.mouse.down();
  for (const corner of corners) await page.mouse.move(...corner, { steps: 10 });
  const watch = await page.evaluateHandle(watchStroke);
  await page.mouse.up();
  const { digit, milliseconds } = await inTime(watch.evaluate(({ answered }) => answered));
  if (digit !== '7') throw new Error(`the demo reads the drawn seven as "${digit}"`);
  return milliseconds;
}

/** Runs in the page. @returns what the page answers to the stroke that ends next, and how long after its end */
function watchStroke() {
  const result = document.querySelector('#result');
  const answered = new Promise<{ digit: string | null; milliseconds: number }>((resolve) => {
    const onPointerUp = ({ timeStamp }: PointerEvent) => {
      const observer = new MutationObserver(() => {
        if (result?.getAttribute('data-state') !== 'ready') return;
        observer.disconnect();
        // The task that follows a frame's callbacks runs when the frame has been painted.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => {
            port1.close();
            const digit = document.querySelector('#answer')?.textContent ?? null;
            resolve({ digit, milliseconds: performance.now() - timeStamp });
          };
          port2.postMessage(undefined);
        });
      });
      if (result) observer.observe(result, { attributeFilter: ['data-state'] });
    };
    addEventListener('pointerup', onPointerUp, { once: true, capture: true });
  });
  return { answered };
}
