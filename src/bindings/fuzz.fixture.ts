import { createRandom } from '../standard/random.fixture.js';
import type { CoreModuleBinding } from './core-module.js';
import type { TestMemory } from './guest.fixture.js';

/** What an argument means, so that a good value can be chosen for it. */
export type Role =
  | 'builders'
  | 'builderArray'
  | 'count'
  | 'encoding'
  | 'target'
  | 'out'
  | 'name'
  | 'nameLength'
  | 'text'
  | 'textLength'
  | 'graph'
  | 'context'
  | 'index'
  | 'tensor'
  | 'wamrTensor'
  | 'buffer'
  | 'size'
  | 'sizeInOut';

type Module = keyof CoreModuleBinding;

type Signature = readonly [module: Module, name: string, roles: readonly Role[]];

/** All functions and what their arguments mean. */
const signatures: readonly Signature[] = [
  ['wasi_ephemeral_nn', 'load', ['builders', 'count', 'encoding', 'target', 'out']],
  ['wasi_ephemeral_nn', 'load_by_name', ['name', 'nameLength', 'out']],
  ['wasi_ephemeral_nn', 'load_by_name_with_config', ['name', 'nameLength', 'text', 'textLength', 'out']],
  ['wasi_ephemeral_nn', 'init_execution_context', ['graph', 'out']],
  ['wasi_ephemeral_nn', 'set_input', ['context', 'index', 'tensor']],
  ['wasi_ephemeral_nn', 'compute', ['context']],
  ['wasi_ephemeral_nn', 'compute_single', ['context']],
  ['wasi_ephemeral_nn', 'get_output', ['context', 'index', 'buffer', 'size', 'out']],
  ['wasi_ephemeral_nn', 'get_output_single', ['context', 'index', 'buffer', 'size', 'out']],
  ['wasi_ephemeral_nn', 'fini_single', ['context']],
  ['wasi_ephemeral_nn', 'finalize_execution_context', ['context']],
  ['wasi_ephemeral_nn', 'unload', ['graph']],
  ['wasi_nn', 'load', ['builderArray', 'encoding', 'target', 'out']],
  ['wasi_nn', 'load_by_name', ['name', 'nameLength', 'out']],
  ['wasi_nn', 'init_execution_context', ['graph', 'out']],
  ['wasi_nn', 'set_input', ['context', 'index', 'wamrTensor']],
  ['wasi_nn', 'compute', ['context']],
  ['wasi_nn', 'get_output', ['context', 'index', 'buffer', 'sizeInOut']],
];

/** What ends a graph or context is rare: others shall have something to work with. */
const enders = ['unload', 'finalize_execution_context'];
const weighted = signatures.flatMap((signature) =>
  Array.from({ length: enders.includes(signature[1]) ? 1 : 5 }, () => signature),
);

export interface FuzzCall {
  readonly module: Module;
  readonly name: string;
  readonly args: readonly number[];
}

/** Values that are good for each role; with them a guest does something sensible. Handles it learns as it goes. */
export type GoodValues = Readonly<Record<Exclude<Role, 'graph' | 'context'>, readonly number[]>>;

/** Makes calls of which many are good, and most of the others wrong in one place. */
export function createFuzzer(seed: number, good: GoodValues, memory: TestMemory) {
  const random = createRandom(seed);
  const pick = <Value>(values: readonly Value[]): Value => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new Error('there is nothing to pick from');
    return value;
  };

  function edge(): number {
    const size = memory.byteLength;
    return pick([0, 1, 2, 3, 4, 5, 8, 15, 16, 64, size - 20, size - 4, size - 1, size, size + 4, ...powers()]);
  }

  function wild(): number {
    return random() < 0.5 ? edge() : Math.floor(random() * 2 ** pick([4, 8, 17, 32]));
  }

  const handles: Record<'graph' | 'context', number[]> = { graph: [0], context: [0] };
  const choices = { ...good, ...handles };

  return {
    call(): FuzzCall {
      const [module, name, roles] = pick(weighted);
      const wildness = pick([0, 0, 0.2, 0.5]);
      // As an i32, as WebAssembly passes it.
      const args = roles.map((role) => (random() < wildness ? wild() : pick(choices[role])) | 0);
      return { module, name, args };
    },

    /** Remembers the handle that a call has given; those before the last three are forgotten. */
    learn({ name, args }: FuzzCall, result: number): void {
      const known = name.startsWith('load') ? handles.graph : name.startsWith('init') ? handles.context : undefined;
      const out = args.at(-1);
      if (!known || out === undefined || result !== 0) return;
      known.push(memory.readWord(out >>> 0));
      known.splice(0, known.length - 3);
    },

    /** Changes a word of what the guest has laid out, now and then. */
    corrupt(end: number): void {
      if (random() < 0.7) return;
      memory.view().setUint32(Math.floor(random() * (end / 4)) * 4, wild(), true);
    },
  };
}

function powers(): number[] {
  return [0x20000000, 0x40000000, 0x40000001, 0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffc, 0xffffffff];
}

/** What a call may have written, given what it answered; the guest's memory is read for the sizes that the call has written there. */
export function writtenRanges(
  { name, module, args }: FuzzCall,
  result: number,
  memory: TestMemory,
): [number, number][] {
  const [last = 0] = args.slice(-1).map((arg) => arg >>> 0);
  const isGetOutput = name.startsWith('get_output');
  if (isGetOutput && result === 7) return [[last, 4]];
  if (result !== 0) return [];
  if (isGetOutput) {
    const size = memory.readWord(last) * (module === 'wasi_nn' ? 4 : 1);
    return [
      [(args[2] ?? 0) >>> 0, size],
      [last, 4],
    ];
  }
  return /^load|^init/.test(name) ? [[last, 4]] : [];
}
