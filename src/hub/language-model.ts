import type { EngineLoad } from '../rpc/engine-protocol.js';
import { isBlob } from '../standard/brand-checks.js';

/** Whether a model is one that generates texts, by its encoding or its first bytes. */
export async function isLanguageModel(
  { encoding, backend }: Pick<EngineLoad, 'encoding' | 'backend'>,
  parts: EngineLoad['parts'] = [],
): Promise<boolean> {
  if (backend !== undefined) return false;
  if (encoding !== 'autodetect') return encoding === 'ggml';
  const [first] = parts;
  if (!first) return false;
  const start = isBlob(first) ? new Uint8Array(await first.slice(0, 4).arrayBuffer()) : first.subarray(0, 4);
  return String.fromCharCode(...start) === 'GGUF';
}
