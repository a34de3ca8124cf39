import { readFileSync, writeFileSync } from 'node:fs';
import type { Browser, Page } from '@playwright/test';

/** Starts to measure the peak of the page's process. @returns a function that returns it, in bytes */
export async function measurePeak(browser: Browser, page: Page): Promise<() => number> {
  const marker = 32 << 20;
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  await session.detach();
  const before = new Map(renderers.map((id) => [id, residentBytes(id, 'VmRSS')]));
  // The process is the one that grows when the page does.
  await page.evaluate((marker) => Object.assign(globalThis, { marker: new Uint8Array(marker).fill(1) }), marker);
  const process = renderers.find((id) => residentBytes(id, 'VmRSS') - (before.get(id) ?? 0) > marker / 2);
  if (process === undefined) throw new Error('the process of the page was not found');
  writeFileSync(`/proc/${process}/clear_refs`, '5');
  const start = residentBytes(process, 'VmRSS');
  return () => residentBytes(process, 'VmHWM') - start;
}

function residentBytes(process: number, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${process}/status`, 'utf8');
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}
