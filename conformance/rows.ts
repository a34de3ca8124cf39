import type { ExecutionTarget, Waiting } from '../src/index.js';

/** The guests, by the ABI that each speaks. */
export const guests = {
  'wit 10-28': 'conformance-wit-10-28.component.wasm',
  'wit 08-19': 'conformance-wit-08-19.component.wasm',
  'wit 06-25': 'conformance-wit-06-25.component.wasm',
  witx: 'conformance-witx.wasm',
  wasmedge: 'conformance-wasmedge.wasm',
  wamr: 'conformance-wamr.wasm',
} as const;

export type Abi = keyof typeof guests;

export const abis = Object.keys(guests) as readonly Abi[];
export const targets: readonly ExecutionTarget[] = ['cpu', 'gpu', 'tpu'];

/** What one run of a guest tests, apart from the browser. */
export interface Setting {
  readonly abi: Abi;
  readonly target: ExecutionTarget;
  readonly waiting: Waiting;
}

export function settingsFor(waitings: readonly Waiting[]): Setting[] {
  return waitings.flatMap((waiting) =>
    targets.flatMap((target) => abisFor(target).map((abi) => ({ abi, target, waiting }))),
  );
}

/** What WasmEdge adds to the standard has nothing to do with devices. */
function abisFor(target: ExecutionTarget): readonly Abi[] {
  return target === 'cpu' ? abis : abis.filter((abi) => abi !== 'wasmedge');
}

/** The types that ONNX Runtime has, each of which has a model `identity-<type>.onnx`. */
export const modelTypes = ['FP16', 'FP32', 'FP64', 'U8', 'I32', 'I64'] as const;
