import type { Caller, DeviceTensor } from '../backends/backend.js';
import { fetchValue, type NamedComputedTensor } from '../backends/device-tensor.js';
import { byteLengthOf, type TensorValue } from '../standard/tensor.js';
import { unknownTensor } from './calls.js';
import { isResident, type LinkTensor, type NamedLinkTensor, type ResidentTensor } from './link.js';

/** The tensors of one guest that have stayed on devices, by the numbers that its link has for them. */
export interface Residents {
  /** How many bytes they have. */
  readonly byteLength: number;
  /** Takes in a tensor; nothing where it has no room, or the guest has gone: it is still the caller's then. */
  add(tensor: DeviceTensor): ResidentTensor | undefined;
  /**
   * Finds inputs, and keeps them until an action has ended.
   *
   * @throws WasiNNError `invalid-argument` where one is not there
   */
  use<Result>(
    inputs: readonly NamedLinkTensor[],
    action: (inputs: readonly NamedComputedTensor[]) => Promise<Result>,
  ): Promise<Result>;
  read(resident: number, caller: Caller): Promise<TensorValue>;
  /** Gives one back; after what uses it, if anything does. */
  release(resident: number): Promise<void>;
  /** Gives all back. */
  close(): Promise<void>;
}

interface Entry {
  readonly tensor: DeviceTensor;
  uses: number;
  isReleased: boolean;
}

/** Tensors without bytes take room too. */
const maximumResidents = 10_000;

/** @param limit how many bytes they may have together */
export function createResidents(limit: number): Residents {
  const entries = new Map<number, Entry>();
  let nextId = 0;
  let byteLength = 0;
  let isClosed = false;

  function find(resident: number): Entry {
    const entry = entries.get(resident);
    if (!entry) throw unknownTensor(resident);
    return entry;
  }

  async function dispose({ tensor }: Entry): Promise<void> {
    byteLength -= bytesOf(tensor);
    await tensor.dispose();
  }

  async function hold<Result>(held: readonly Entry[], action: () => Promise<Result>): Promise<Result> {
    for (const entry of held) entry.uses++;
    try {
      return await action();
    } finally {
      for (const entry of held) {
        entry.uses--;
        // Nobody is left to hear that it could not be given back.
        if (entry.isReleased && entry.uses === 0) dispose(entry).catch(() => undefined);
      }
    }
  }

  async function release(resident: number): Promise<void> {
    const entry = entries.get(resident);
    if (!entry) return;
    entries.delete(resident);
    entry.isReleased = true;
    if (entry.uses === 0) await dispose(entry);
  }

  return {
    get byteLength() {
      return byteLength;
    },
    add(tensor) {
      const { type, dimensions } = tensor;
      if (isClosed || entries.size >= maximumResidents || byteLength + bytesOf(tensor) > limit) return undefined;
      byteLength += bytesOf(tensor);
      const resident = nextId++;
      entries.set(resident, { tensor, uses: 0, isReleased: false });
      return { type, dimensions, resident };
    },
    async use(inputs, action) {
      const held: Entry[] = [];
      const toComputed = (tensor: LinkTensor) => {
        if (!isResident(tensor)) return tensor;
        const entry = find(tensor.resident);
        held.push(entry);
        return entry.tensor;
      };
      const computed = inputs.map(([name, tensor]) => [name, toComputed(tensor)] as const);
      return hold(held, () => action(computed));
    },
    async read(resident, caller) {
      const entry = find(resident);
      return hold([entry], () => fetchValue(entry.tensor, caller));
    },
    release,
    async close() {
      isClosed = true;
      await Promise.all(Array.from(entries.keys(), release));
    },
  };
}

function bytesOf({ type, dimensions }: DeviceTensor): number {
  return byteLengthOf(type, dimensions);
}
