import { isBlob } from '../standard/brand-checks.js';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';

/** What says whether a model generates texts. */
interface Model {
  readonly parts: readonly (GraphBuilder | Blob)[];
  readonly encoding: GraphEncoding;
  readonly backend?: string;
}

/** Whether a model is one that generates texts, by its encoding or its first bytes. */
export async function isLanguageModel({ parts, encoding, backend }: Model): Promise<boolean> {
  if (backend !== undefined) return false;
  if (encoding !== 'autodetect') return encoding === 'ggml';
  const [first] = parts;
  if (!first) return false;
  const start = isBlob(first) ? new Uint8Array(await first.slice(0, 4).arrayBuffer()) : first.subarray(0, 4);
  return String.fromCharCode(...start) === 'GGUF';
}
