import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Site } from '../site.js';

const assets = path.resolve(import.meta.dirname, '../../dist/standalone/assets');

/** Runs a script in the workers of a kind (`guest-worker`) before their own: in each, or in as many as `times` says. */
export function patchWorkers(
  site: Site,
  kind: string,
  patch: string,
  { times = Number.POSITIVE_INFINITY }: { readonly times?: number } = {},
): void {
  const script = readdirSync(assets).find((file) => file.startsWith(`${kind}-`) && file.endsWith('.js'));
  if (script === undefined) throw new Error('the library has not been built: npm run build:standalone');
  const source = readFileSync(path.join(assets, script), 'utf8');
  let left = times;
  site.answer(`/lib/assets/${script}`, (_, response) => {
    const isPatched = left-- > 0;
    response.setHeader('Content-Type', 'text/javascript').end(isPatched ? `${patch};${source}` : source);
  });
}
