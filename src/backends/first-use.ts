import type { Verify } from '../standard/graph.js';
import type { NamedTensor } from '../standard/tensor.js';
import { fetchAll } from './device-tensor.js';
import type { Inputs, SessionCandidate } from './session.js';

/** How long WebAssembly may work for the checks of one graph, in ms. A run that has begun is not cut short. */
const budgetMilliseconds = 2000;

/** Larger models are not checked on their first use: WebAssembly would need a second copy of their weights. */
const largestModel = 64 * 2 ** 20;

/** So many shapes of inputs are checked, of a model that leaves axes open. */
const maximumShapes = 16;

/** Computations that fail wherever they run say nothing of a device. After so many the checks end. */
const maximumFailures = 4;

/** With which shapes of inputs a graph has been compared with WebAssembly. */
export interface FirstUse {
  /** What tells the shapes of inputs from others, where the graph is yet to be checked with them. */
  unchecked(inputs: Inputs): string | undefined;
  /** Takes note that the graph computes right for these shapes, or that this cannot be found out. */
  settle(shapes: string): void;
  /** Takes note of a computation that fails wherever it runs. */
  fail(): void;
  /** Whether nothing is checked any more, whatever comes. */
  isOver(): boolean;
  /** What WebAssembly computes; nothing where it fails, or has worked for longer than it may. */
  expected(inputs: Inputs): Promise<NamedTensor[] | undefined>;
}

/** Whether the outputs of a model are compared with WebAssembly's when it first computes. */
export function isCheckedFirst(verify: Verify, modelBytes: number): boolean {
  return verify !== false && (isCheckedOnLoad(verify) || modelBytes <= largestModel);
}

/** Whether they are compared before that, on inputs that are made up, whatever it takes. */
export function isCheckedOnLoad(verify: Verify): boolean {
  return verify === true || verify === 'load';
}

/**
 * @param reference makes a session whose numbers are taken for right
 * @param onFailure called with what WebAssembly fails with
 */
export function createFirstUse(
  reference: SessionCandidate,
  verify: Verify,
  onFailure: (cause: unknown) => void,
): FirstUse {
  const budget = isCheckedOnLoad(verify) ? Number.POSITIVE_INFINITY : budgetMilliseconds;
  const settled = new Set<string>();
  let spent = 0;
  let failures = 0;

  const isOver = () => settled.size >= maximumShapes || spent >= budget || failures >= maximumFailures;

  async function compute(inputs: Inputs): Promise<NamedTensor[] | undefined> {
    const start = performance.now();
    const isUsedUp = () => spent + performance.now() - start >= budget;
    try {
      const session = await reference.open(false);
      try {
        return isUsedUp() ? undefined : await fetchAll(await session.run(inputs));
      } finally {
        await session.release();
      }
    } finally {
      spent += performance.now() - start;
    }
  }

  return {
    unchecked(inputs) {
      if (isOver()) return undefined;
      const shapes = Array.from(inputs, ([name, { dimensions }]) => JSON.stringify([name, dimensions]));
      const key = shapes.toSorted().join();
      return settled.has(key) ? undefined : key;
    },
    settle: (shapes) => settled.add(shapes),
    fail: () => failures++,
    isOver,
    // What WebAssembly cannot compute cannot be compared, and is no reason to do without the device.
    expected: (inputs) =>
      compute(inputs).catch((cause) => {
        onFailure(cause);
        return undefined;
      }),
  };
}
