import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Site } from '../site.js';

const assets = path.resolve(import.meta.dirname, '../../dist/standalone/assets');

/** Runs a script in every worker of a kind (`guest-worker`) before the worker's own. */
export function patchWorkers(site: Site, kind: string, patch: string): void {
  const script = readdirSync(assets).find((file) => file.startsWith(`${kind}-`) && file.endsWith('.js'));
  if (script === undefined) throw new Error('the library has not been built: npm run build:standalone');
  const source = readFileSync(path.join(assets, script), 'utf8');
  site.answer(`/lib/assets/${script}`, (_, response) => {
    response.setHeader('Content-Type', 'text/javascript').end(`${patch};${source}`);
  });
}
