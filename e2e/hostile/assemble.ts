import { parse } from '@bytecodealliance/jco';
import type { Site } from '../site.js';

/** Assembles WebAssembly text, of a module or a component. */
export async function assemble(text: string): Promise<Uint8Array> {
  return parse(text);
}

/** Serves a guest that is assembled from its text. @returns its path */
export async function serveGuest(site: Site, text: string, path = '/hostile.wasm'): Promise<string> {
  const bytes = await assemble(text);
  site.answer(path, (_, response) => response.setHeader('Content-Type', 'application/wasm').end(bytes));
  return path;
}

/** A name in WebAssembly text: every byte of it escaped, so that any name can be written. */
export function quoteName(name: string): string {
  const bytes = [...new TextEncoder().encode(name)];
  return `"${bytes.map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}
