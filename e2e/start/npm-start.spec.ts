import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@playwright/test';
import { countDarkPixels } from '../dark-pixels.js';

const root = path.resolve(import.meta.dirname, '../..');

test('npm start serves the demo, which draws its text and recognises a digit', async ({ page }) => {
  // The build is a part of it.
  test.setTimeout(180_000);
  const server = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, which can be ended as a whole: npm starts a shell, and the shell starts Vite.
    detached: true,
  });
  try {
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: server.stdout }).on('line', (line) => {
        const [found] = /http:\/\/\S+/.exec(line) ?? [];
        if (found !== undefined) resolve(found);
      });
      once(server, 'exit').then(([code]) => reject(new Error(`npm start has ended (${code})`)), reject);
    });
    await page.goto(url);
    const heading = page.getByRole('heading', { level: 1 });
    await expect(heading).toBeVisible();
    expect(await countDarkPixels(page, await heading.screenshot())).toBeGreaterThan(200);

    const canvas = page.getByTestId('canvas');
    const box = await canvas.boundingBox();
    if (!box) throw new Error('the canvas is not visible');
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.2 * box.height);
    await page.mouse.down();
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.8 * box.height, { steps: 4 });
    await page.mouse.up();
    await expect(page.getByTestId('answer')).toContainText('1');
  } finally {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid);
  }
});
