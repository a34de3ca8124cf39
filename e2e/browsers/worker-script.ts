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
  const script = findScript(kind);
  let left = times;
  site.answer(pathOf(script), (_, response) => {
    const isPatched = left-- > 0;
    const source = readFileSync(path.join(assets, script), 'utf8');
    response.setHeader('Content-Type', 'text/javascript').end(isPatched ? `${patch};${source}` : source);
  });
}

/** What a site does where the script of a worker is asked for. */
export interface RefusedWorkers {
  /** How often the script was asked for. */
  readonly requests: number;
  /** Serves the script from now on. */
  allow(): void;
}

/** Refuses the script of a kind of workers. */
export function refuseWorkers(site: Site, kind: string): RefusedWorkers {
  const script = findScript(kind);
  let requests = 0;
  site.answer(pathOf(script), (_, response) => {
    requests++;
    response.writeHead(404).end('gone');
  });
  return {
    get requests() {
      return requests;
    },
    allow: () => patchWorkers(site, kind, ''),
  };
}

function findScript(kind: string): string {
  const script = readdirSync(assets).find((file) => file.startsWith(`${kind}-`) && file.endsWith('.js'));
  if (script === undefined) throw new Error('the library has not been built: npm run build:standalone');
  return script;
}

function pathOf(script: string): string {
  return `/lib/assets/${script}`;
}
