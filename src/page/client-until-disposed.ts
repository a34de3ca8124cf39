import type { InferenceClient } from '../rpc/inference-client.js';
import { untilAborted } from './until-aborted.js';

/** A client whose calls reject when the signal is aborted, whatever becomes of the engine. */
export function clientUntilAborted(client: InferenceClient, signal: AbortSignal): InferenceClient {
  return {
    load: (...values) => untilAborted(signal, async () => client.load(...values)),
    loadByName: (...values) => untilAborted(signal, async () => client.loadByName(...values)),
    compute: (...values) => untilAborted(signal, async () => client.compute(...values)),
    unload: (...values) => untilAborted(signal, async () => client.unload(...values)),
    readTensor: (...values) => untilAborted(signal, async () => client.readTensor(...values)),
    releaseTensor: (...values) => untilAborted(signal, async () => client.releaseTensor(...values)),
    startText: (...values) => untilAborted(signal, async () => client.startText(...values)),
    readText: (...values) => untilAborted(signal, async () => client.readText(...values)),
    stopText: (...values) => untilAborted(signal, async () => client.stopText(...values)),
  };
}
