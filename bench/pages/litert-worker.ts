import { litertFiles } from '../../src/backends/tflite/litert-files.js';
import type { LiteRtTensorBuffer } from '../../src/backends/tflite/litert-module.js';
import { startModule } from '../../src/backends/tflite/start-module.js';
import { type Run, serveRuns } from './serve-messages.js';

/**
 * A worker that runs LiteRT.js alone, by its bindings: what the library's TensorFlow Lite graphs are compared with. The class
 * that `@litertjs/core` has for pages cannot be loaded in a module worker.
 */

/** A model with one input and one output. */
export interface LiteRtStart {
  readonly model: Uint8Array;
  readonly threads: number;
  readonly input: Uint8Array;
}

serveRuns(start);

/** Each run copies the input into a new buffer, and the output's bytes out: as a caller would. */
async function start({ model, threads, input }: LiteRtStart): Promise<Run> {
  const files = litertFiles()[threads > 1 ? 'threaded' : 'relaxed'];
  const { litert, heap } = await startModule(files, threads > 1 ? threads : undefined, console.error);
  const { HOST_MEMORY } = litert.LiteRtTensorBufferType;
  const { READ, WRITE } = litert.LiteRtTensorBufferLockMode;
  const environment = litert.LiteRtEnvironment.create(null);
  const pointer = litert._malloc(model.byteLength);
  heap().set(model, pointer);
  const loaded = litert.loadModel(environment, pointer, model.byteLength);
  const compiled = await litert.compileModel(environment, loaded, {
    accelerator: 'wasm',
    cpuOptions: { numThreads: threads },
    gpuOptions: { precision: 'fp32' },
    webNNOptions: { precision: 'fp32' },
  });

  function placeInput(): LiteRtTensorBuffer {
    const type = loaded.getInputTensorType(0, 0);
    const buffer = litert.LiteRtTensorBuffer.createManaged(environment, HOST_MEMORY, type, type.bytes());
    type.delete();
    heap().set(input, buffer.lock(WRITE));
    buffer.unlock();
    return buffer;
  }

  return async () => {
    const given = placeInput();
    const [output] = await compiled.run(0, [given]);
    if (!output) throw new Error('LiteRT.js has given no output');
    const begin = output.lock(READ) + output.offset();
    const bytes = heap().slice(begin, begin + output.packedSize());
    output.unlock();
    output.delete();
    given.delete();
    return bytes;
  };
}
