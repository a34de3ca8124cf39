import type { InferenceClient } from '../rpc/inference-client.js';
import { untilAborted } from './until-aborted.js';

/** A link whose calls reject when the signal is aborted, whatever becomes of the engine. */
export function clientUntilAborted(link: InferenceClient, signal: AbortSignal): InferenceClient {
  return {
    load: (...values) => untilAborted(signal, async () => link.load(...values)),
    loadByName: (...values) => untilAborted(signal, async () => link.loadByName(...values)),
    compute: (...values) => untilAborted(signal, async () => link.compute(...values)),
    unload: (...values) => untilAborted(signal, async () => link.unload(...values)),
    readTensor: (...values) => untilAborted(signal, async () => link.readTensor(...values)),
    releaseTensor: (...values) => untilAborted(signal, async () => link.releaseTensor(...values)),
    startText: (...values) => untilAborted(signal, async () => link.startText(...values)),
    readText: (...values) => untilAborted(signal, async () => link.readText(...values)),
    stopText: (...values) => untilAborted(signal, async () => link.stopText(...values)),
  };
}
