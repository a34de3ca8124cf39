import { createHash } from 'node:crypto';
import type { Connect } from 'vite';
import type { Publish } from './guest-module.js';

/** Holds the parts of guests for the dev server, which has no files of them. */
export interface PartsServer {
  readonly middleware: Connect.NextHandleFunction;
  /** Starts over with the parts of the guest in a file. */
  publisher(file: string): Publish;
}

interface Part {
  readonly type: string;
  readonly content: string | Uint8Array;
}

/** @param base the dev server's own: what the paths of its URLs begin with */
export function createPartsServer(base: string): PartsServer {
  const parts = new Map<string, Part>();

  return {
    middleware(request, response, next) {
      const [path = ''] = request.url?.split('?') ?? [];
      const part = parts.get(path);
      if (!part) return next();
      response.writeHead(200, { 'Content-Type': part.type, 'Cache-Control': 'no-store' }).end(part.content);
    },
    publisher(file) {
      const key = createHash('sha256').update(file).digest('hex').slice(0, 16);
      const folder = `${base}@wasi-nn-web/${key}/`;
      for (const path of parts.keys()) if (path.startsWith(folder)) parts.delete(path);
      return (name, content) => {
        const path = folder + encodeURIComponent(name);
        parts.set(path, { type: name.endsWith('.js') ? 'text/javascript' : 'application/wasm', content });
        return absolute(path);
      };
    },
  };
}

/** The guest's worker may have another base than the page's module, so it is given whole URLs. */
function absolute(path: string): string {
  // Vite takes `new URL('…', import.meta.url)` for a file of the project; this it does not recognize.
  return `new URL(String(${JSON.stringify(path)}), import.meta.url).href`;
}
