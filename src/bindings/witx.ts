import { andThen } from '../rpc/awaitable.js';
import type { Awaitable } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import type { ExecutionTarget, GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { CoreModuleSession } from './core-module-session.js';
import type { GuestMemory } from './guest-memory.js';
import type { TextDialect } from './text-dialect.js';
import { readTensorType, type TensorTypeEra } from './witx-tensor-types.js';

/**
 * A function that a core module can import. Its arguments are unsigned; it fails by throwing or rejecting with
 * anything; what it has to say besides it writes into the guest's memory, and nothing when it fails.
 */
export type GuestFunction = (memory: GuestMemory, ...args: number[]) => Awaitable<void>;

/** `$graph_encoding`. To the standard and WasmEdge 5 is `autodetect`, to WAMR 6 is: both are found out from the bytes. */
const encodings: readonly GraphEncoding[] = [
  'openvino',
  'onnx',
  'tensorflow',
  'pytorch',
  'tensorflowlite',
  'autodetect',
  'autodetect',
];

/** `$execution_target`, and 3, AUTO of the Rust crate and WasmEdge: `cpu`, as for a registered model that names none. */
const targets: readonly ExecutionTarget[] = ['cpu', 'gpu', 'tpu', 'cpu'];

/** `0 is cpu, 1 is gpu`. */
function numbered(names: readonly string[]): string {
  return names.map((name, number) => `${number} is ${name}`).join(', ');
}

/** No format of a model has as many parts; a bound keeps a guest from having one object made for each 8 bytes it has. */
const maxBuilders = 1024;
/** The most axes of a tensor in any of the runtimes. */
const maxRank = 64;
const maxNameBytes = 1024;

/**
 * The functions of `wasi_ephemeral_nn`, as wasi-nn.witx has them in preview 1. Structures are little-endian and made
 * of u32 members: an element of the builder array is 8 bytes, pointer and byte length; a tensor is 20 bytes,
 * dimensions (pointer, count of u32), type, data (pointer, byte length).
 */
export function createWitxFunctions(session: CoreModuleSession) {
  let era: TensorTypeEra | undefined;

  return {
    load(
      memory: GuestMemory,
      builders: number,
      builderCount: number,
      encoding: number,
      target: number,
      graphOut: number,
    ): Awaitable<void> {
      checkGraphOut(memory, graphOut);
      const executionTarget = targets[target];
      const graphEncoding = encodings[encoding];
      if (!executionTarget) throw memory.invalid(`there is no execution target ${target}: ${numbered(targets)}`);
      if (!graphEncoding) {
        throw new WasiNNError(
          'invalid-encoding',
          `load: there is no graph encoding ${encoding}: ${numbered(encodings)}`,
        );
      }
      const parts = readBuilders(memory, builders, builderCount);
      return andThen(session.load(parts, graphEncoding, executionTarget), (graph) =>
        writeGraph(memory, graphOut, graph, session),
      );
    },

    load_by_name(memory: GuestMemory, name: number, nameByteLength: number, graphOut: number): Awaitable<void> {
      return loadByName(memory, graphOut, [name, nameByteLength], session);
    },

    init_execution_context(memory: GuestMemory, graph: number, contextOut: number): void {
      const place = memory.struct(contextOut, 4, 'the place for the execution context');
      place.setUint32(0, session.initExecutionContext(graph), true);
    },

    set_input(memory: GuestMemory, context: number, index: number, tensor: number): void {
      const view = memory.struct(tensor, 20, 'the tensor');
      const dimensions = readDimensions(memory, view.getUint32(0, true), view.getUint32(4, true));
      const data = memory.bytes(view.getUint32(12, true), view.getUint32(16, true), "the tensor's data");
      if (session.takesText(context)) {
        // Text of any length, whatever its dimensions: WasmEdge's guests give [1].
        session.setText(context, index, data.slice());
        return;
      }
      const input = session.inputInfo(context, index);
      // Only one byte of the type counts: guests in Rust leave the three after it undefined.
      const typed = { typeNumber: view.getUint8(8), dimensions, byteLength: data.byteLength };
      const reading = readTensorType(typed, input.type, era);
      session.setInput(context, index, { type: reading.type, dimensions, data: data.slice() });
      // A tensor that is refused proves nothing of the guest but that it errs.
      era ??= reading.era;
    },

    compute(_memory: GuestMemory, context: number): Awaitable<void> {
      return session.compute(context);
    },

    /** Writes the number of bytes of the output; where they are more than the buffer holds, that number alone. */
    get_output(
      memory: GuestMemory,
      context: number,
      index: number,
      buffer: number,
      bufferByteLength: number,
      writtenOut: number,
    ): Awaitable<void> {
      return writeOutput(memory, index, [buffer, bufferByteLength, writtenOut], () => session.output(context, index));
    },
  } satisfies Record<string, GuestFunction>;
}

export type WitxFunctions = ReturnType<typeof createWitxFunctions>;

/**
 * Writes an output and its number of bytes; where it has more than the buffer holds, that number alone.
 *
 * @param place pointer and length of the buffer, and the pointer to the place for the number
 */
export function writeOutput(
  memory: GuestMemory,
  index: number,
  [buffer, bufferByteLength, writtenOut]: readonly [buffer: number, bufferByteLength: number, writtenOut: number],
  read: () => Awaitable<Uint8Array>,
): Awaitable<void> {
  const places = () => ({
    place: memory.struct(writtenOut, 4, 'the place for the number of bytes written'),
    target: memory.bytes(buffer, bufferByteLength, "the output's buffer"),
  });
  places();
  return andThen(read(), (output) => {
    // The guest may have run since its memory was looked at.
    const { place, target } = places();
    const fits = output.byteLength <= target.byteLength;
    if (fits) target.set(output);
    place.setUint32(0, output.byteLength, true);
    if (fits) return;
    throw new WasiNNError(
      'too-large',
      `get_output: output ${index} has ${output.byteLength} bytes, but the buffer holds ${target.byteLength}`,
    );
  });
}

/** The elements of a shape: one u32 for each axis. */
export function readDimensions(memory: GuestMemory, pointer: number, count: number): number[] {
  const view = memory.struct(pointer, count * 4, "the tensor's dimensions");
  if (count > maxRank) throw memory.invalid(`the tensor has ${count} dimensions, more than ${maxRank}`);
  return Array.from({ length: count }, (_, axis) => view.getUint32(axis * 4, true));
}

/** Copies the parts of a model; together they are no larger than the memory, though they may overlap in it. */
function readBuilders(memory: GuestMemory, pointer: number, count: number): GraphBuilder[] {
  const view = memory.struct(pointer, count * 8, 'the builder array');
  if (count > maxBuilders) throw memory.invalid(`${count} builders came, more than ${maxBuilders}`);
  const builders = Array.from({ length: count }, (_, index) =>
    memory.bytes(view.getUint32(index * 8, true), view.getUint32(index * 8 + 4, true), `builder ${index}`),
  );
  const total = builders.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (total > memory.buffer.byteLength)
    throw memory.invalid(`the builders have ${total} bytes, more than the guest's memory`);
  return builders.map((builder) => builder.slice());
}

/** @param name pointer and byte length */
export function loadByName(
  memory: GuestMemory,
  graphOut: number,
  [name, nameByteLength]: readonly [name: number, nameByteLength: number],
  session: CoreModuleSession,
  configuration?: string,
  dialect?: TextDialect,
): Awaitable<void> {
  checkGraphOut(memory, graphOut);
  const text = memory.text(name, nameByteLength, 'the name', maxNameBytes);
  // C strings: some guests count the NUL that ends them.
  const model = text.endsWith('\0') ? text.slice(0, -1) : text;
  return andThen(session.loadByName(model, configuration, dialect), (graph) =>
    writeGraph(memory, graphOut, graph, session),
  );
}

/** Looked at before a model is loaded: what could not be handed over need not be loaded. */
function checkGraphOut(memory: GuestMemory, graphOut: number): DataView {
  return memory.struct(graphOut, 4, 'the place for the graph');
}

/** The guest may have run since the place was checked; a graph that it cannot get is given back. */
function writeGraph(memory: GuestMemory, graphOut: number, graph: number, session: CoreModuleSession): void {
  try {
    checkGraphOut(memory, graphOut).setUint32(0, graph, true);
  } catch (cause) {
    session.unload(graph);
    throw cause;
  }
}
