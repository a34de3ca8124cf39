import type {
  EngineCompute,
  EngineLoad,
  EngineResponse,
  EngineTextRead,
  EngineTextStart,
} from '../rpc/engine-protocol.js';
import { type Handlers, Transferring } from '../rpc/rpc.js';
import { buffersOf, sentTensors } from '../rpc/transfer.js';
import { isBlob } from '../standard/brand-checks.js';
import { toPlainError } from '../standard/plain-error.js';
import type { Engine } from './engine.js';

/**
 * The methods that the hub calls. The hub and the engine are one program, so what comes is not checked here.
 *
 * @param faultOf why the engine can do no more, where it cannot
 */
export function serveEngine(engine: Engine, faultOf: () => string | undefined): Handlers {
  async function respond(action: () => Promise<unknown>): Promise<EngineResponse> {
    const start = performance.now();
    const outcome = await action().then(
      (result) => ({ result }),
      (cause) => ({ error: toPlainError(cause) }),
    );
    const milliseconds = performance.now() - start;
    const fault = faultOf();
    return { ...outcome, heapBytes: engine.heapBytes(), milliseconds, ...(fault !== undefined && { fault }) };
  }

  return {
    prepare: () => engine.prepare(),
    async load(request) {
      let transfer: ArrayBuffer[] = [];
      const response = await respond(async () => {
        const loaded = await engine.load(request as EngineLoad);
        if ('tried' in loaded) transfer = loaded.parts.flatMap((part) => (isBlob(part) ? [] : part.buffer));
        return loaded;
      });
      return new Transferring(response, transfer);
    },
    async compute(request) {
      let transfer: ArrayBuffer[] = [];
      const response = await respond(async () => {
        const computed = await engine.compute(request as EngineCompute);
        if ('inputs' in computed) {
          const inputs = sentTensors(computed.inputs);
          transfer = buffersOf(inputs);
          return { ...computed, inputs };
        }
        const outputs = sentTensors(computed.outputs);
        transfer = buffersOf(outputs);
        return { ...computed, outputs };
      });
      return new Transferring(response, transfer);
    },
    unload: (graph) => respond(() => engine.unload(graph as number)),
    async readTensor(tensor) {
      let transfer: ArrayBuffer[] = [];
      const response = await respond(async () => {
        const value = await engine.readTensor(tensor as number);
        transfer = [value.data.buffer];
        return value;
      });
      return new Transferring(response, transfer);
    },
    startText: (start) => respond(() => engine.startText(start as EngineTextStart)),
    readText: (read) => respond(() => engine.readText(read as EngineTextRead)),
    stopText: (text) => respond(() => engine.stopText(text as number)),
    releaseTensors: (tensors) => respond(() => engine.releaseTensors(tensors as readonly number[])),
  };
}
