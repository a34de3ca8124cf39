import type { EnvironmentOptions, GuestMemory, WasiNN } from '../../src/index.js';
import type { Runner } from './baselines.js';
import type { Input } from './input.js';

/** `$tensor_type` of wasi-nn.witx. */
const typeNumbers = { FP32: 1, U8: 3, I64: 5 } as const;

type GuestCall = (...values: unknown[]) => Promise<number>;

interface Exports {
  readonly loadByName: GuestCall;
  readonly initContext: GuestCall;
  readonly computeRepeatedly: GuestCall;
  readonly computeChain: GuestCall;
}

interface CoreExports {
  readonly allocate: GuestCall;
  readonly load_by_name: GuestCall;
  readonly init_execution_context: GuestCall;
  readonly compute_repeatedly: GuestCall;
}

/** A component that computes again and again; what is measured happens between it and the engine. */
export async function componentGuest(
  nn: WasiNN,
  model: string,
  inputs: readonly Input[],
  options: EnvironmentOptions = {},
): Promise<Runner> {
  const { exports } = await nn.instantiate<Exports>('/guests/probe.component.wasm', options);
  const context = await exports.initContext(await exports.loadByName(model));
  return async (times) => {
    await exports.computeRepeatedly(context, inputs, times);
  };
}

/** A component that computes on a graph four times, each time on what came of it before, and reads the last output. */
export async function chainingGuest(nn: WasiNN, model: string, input: Input): Promise<Runner> {
  const { exports } = await nn.instantiate<Exports>('/guests/probe.component.wasm');
  const graph = await exports.loadByName(model);
  return async (times) => {
    for (let time = 0; time < times; time++) await exports.computeChain(Array(4).fill(graph), [input], [0]);
  };
}

/** The same as `componentGuest`, by a core module through `wasi_ephemeral_nn`. */
export async function coreGuest(
  nn: WasiNN,
  model: string,
  input: Input,
  outputBytes: number,
  options: EnvironmentOptions = {},
): Promise<Runner> {
  const { exports, memory } = await nn.instantiate<CoreExports>('/guests/witx-probe.wasm', options);
  if (!memory) throw new Error('the guest has no memory');
  const { place, words, readWord } = placeInto(exports, memory);
  const name = new TextEncoder().encode(model);
  const out = await place(words(0));
  expectSuccess(await exports.load_by_name(await place(name), name.byteLength, out));
  expectSuccess(await exports.init_execution_context(await readWord(out), out));
  const context = await readWord(out);
  const dimensions = await place(words(...input.dimensions));
  const data = await place(input.data);
  const type = typeNumbers[input.ty];
  const tensor = await place(words(dimensions, input.dimensions.length, type, data, input.data.byteLength));
  const buffer = await exports.allocate(outputBytes);
  return async (times) => {
    expectSuccess(await exports.compute_repeatedly(context, tensor, buffer, outputBytes, out, times));
  };
}

/** What puts bytes into a core module's memory, and reads the module's answers there. */
export function placeInto({ allocate }: Pick<CoreExports, 'allocate'>, memory: GuestMemory) {
  return {
    async place(bytes: Uint8Array): Promise<number> {
      const address = await allocate(bytes.byteLength);
      await memory.write(address, bytes);
      return address;
    },
    words: (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer),
    readWord: async (address: number) =>
      new DataView((await memory.read(address, 4)).slice().buffer).getUint32(0, true),
  };
}

export function expectSuccess(errno: number): void {
  if (errno !== 0) throw new Error(`expected errno 0, but ${errno} came`);
}
