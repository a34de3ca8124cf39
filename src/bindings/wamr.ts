import { andThen } from '../rpc/awaitable.js';
import type { Awaitable } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import { byteLengthOf, type TensorType, type TensorValue } from '../standard/tensor.js';
import type { CoreModuleSession } from './core-module-session.js';
import type { GuestMemory } from './guest-memory.js';
import { dequantize, quantize, quantizedTensor } from './quantization.js';
import { wamrDialect } from './text-dialect.js';
import { readConfiguration } from './wasmedge.js';
import { type GuestFunction, loadByName, readDimensions, type WitxFunctions } from './witx.js';

/** `tensor_type` of WAMR's wasi_nn_types.h before it followed the standard. */
const tensorTypes: readonly TensorType[] = ['FP16', 'FP32', 'U8', 'I32'];

/**
 * The functions of `wasi_nn`, which WAMR (core/iwasm/libraries/wasi-nn) had before it took the standard's name and
 * layouts. Lists are passed as a pointer to {pointer, count}; a tensor is 12 bytes: a pointer to {pointer, count} of
 * its dimensions, its type (one byte), a pointer to its data, whose length follows from shape and type. Sizes of outputs
 * are counted in FP32 elements, of four bytes, whatever their type.
 *
 * Guests pass and get real numbers where a model has quantised ones: the host quantises FP32 inputs and dequantises
 * outputs.
 */
export function createWamrFunctions(session: CoreModuleSession, witx: WitxFunctions) {
  return {
    load(
      memory: GuestMemory,
      builderArray: number,
      encoding: number,
      target: number,
      graphOut: number,
    ): Awaitable<void> {
      const view = memory.struct(builderArray, 8, 'the builder array');
      return witx.load(memory, view.getUint32(0, true), view.getUint32(4, true), encoding, target, graphOut);
    },

    load_by_name(memory: GuestMemory, name: number, nameByteLength: number, graphOut: number): Awaitable<void> {
      return loadByName(memory, graphOut, [name, nameByteLength], session, undefined, wamrDialect);
    },

    load_by_name_with_config(
      memory: GuestMemory,
      name: number,
      nameByteLength: number,
      configuration: number,
      configurationByteLength: number,
      graphOut: number,
    ): Awaitable<void> {
      const settings = readConfiguration(memory, configuration, configurationByteLength);
      return loadByName(memory, graphOut, [name, nameByteLength], session, settings, wamrDialect);
    },

    init_execution_context: witx.init_execution_context,

    set_input(memory: GuestMemory, context: number, index: number, tensor: number): void {
      const view = memory.struct(tensor, 12, 'the tensor');
      const shape = memory.struct(view.getUint32(0, true), 8, "the tensor's dimensions");
      const dimensions = readDimensions(memory, shape.getUint32(0, true), shape.getUint32(4, true));
      const type = tensorTypes[view.getUint8(4)];
      if (!type) throw memory.invalid(`there is no tensor type ${view.getUint8(4)}`);
      if (session.takesText(context)) {
        if (type !== 'U8' || dimensions.length !== 1) throw memory.invalid('a prompt is a U8 tensor of one dimension');
        session.setText(context, index, readPrompt(memory, view.getUint32(8, true), dimensions[0] ?? 0));
        return;
      }
      const data = memory.bytes(view.getUint32(8, true), byteLengthOf(type, dimensions), "the tensor's data");
      const quantized = type === 'FP32' ? quantizedTensor(session.inputInfo(context, index)) : undefined;
      const given: TensorValue = quantized
        ? { type: quantized.type, dimensions, data: quantize(data, quantized) }
        : { type, dimensions, data: data.slice() };
      session.setInput(context, index, given);
    },

    compute: witx.compute,

    /**
     * Writes the number of elements of the output over the number that the buffer holds; where the output has more,
     * that number alone.
     */
    get_output(
      memory: GuestMemory,
      context: number,
      index: number,
      buffer: number,
      sizeInOut: number,
    ): Awaitable<void> {
      // Sizes of texts are counted in bytes.
      const isText = session.hasText(context);
      const places = () => {
        const size = memory.struct(sizeInOut, 4, "the output's size");
        const capacity = size.getUint32(0, true);
        return {
          size,
          capacity,
          target: memory.bytes(buffer, isText ? capacity : capacity * 4, "the output's buffer"),
        };
      };
      places();
      const info = session.outputInfo(context, index);
      const quantized = info && quantizedTensor(info);
      return andThen(session.output(context, index), (computed) => {
        const output = quantized ? dequantize(computed, quantized) : computed;
        // The guest may have run since its memory was looked at.
        const { size, capacity, target } = places();
        const elements = isText ? output.byteLength : Math.ceil(output.byteLength / 4);
        const fits = elements <= capacity;
        if (fits) target.set(output);
        if (fits || !isText) size.setUint32(0, elements, true);
        if (fits) return;
        const unit = isText ? 'bytes' : 'FP32 elements';
        throw new WasiNNError(
          'too-large',
          `get_output: output ${index} has the size of ${elements} ${unit}, but the buffer holds ${capacity}`,
        );
      });
    },
  } satisfies Record<string, GuestFunction>;
}

/** A prompt ends with its first NUL. Guests that give it the length 1 give a C string. */
function readPrompt(memory: GuestMemory, pointer: number, length: number): Uint8Array<ArrayBuffer> {
  const most = length === 1 ? memory.buffer.byteLength - pointer : length;
  const bytes = memory.bytes(pointer, Math.max(0, most), 'the prompt').slice();
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.slice(0, end);
}
