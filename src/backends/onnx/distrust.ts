import type { ExecutionTarget, GraphBuilder } from '../../standard/graph.js';
import type { Provider } from '../backend.js';
import { distrusted } from './distrusted-operators.js';
import { type ModelNode, readNodes } from './read-nodes.js';

/** What a model's operators say of where it may run. */
export interface Examination {
  /** Why a provider cannot be trusted with the model, in words, by provider. */
  readonly distrust: ReadonlyMap<Provider, string>;
  /** Whether it computes something else each time. */
  readonly isRandom: boolean;
}

/** Operators whose outputs are made of random numbers; Dropout only where a model is trained. */
const randomOperators = new Set([
  'Bernoulli',
  'Dropout',
  'Multinomial',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
]);

const names: Readonly<Partial<Record<Provider, string>>> = { webgpu: 'WebGPU', webnn: 'WebNN' };

/**
 * Looks at each operator of a model that is not meant for WebAssembly. Nothing is known of a model that does not parse, or is
 * of onnxruntime's own format.
 */
export function examine(model: GraphBuilder, target: ExecutionTarget): Examination {
  const distrust = new Map<Provider, string>();
  let isRandom = false;
  if (target === 'cpu') return { distrust, isRandom };
  readNodes(model, (node) => {
    isRandom ||= node.domain === '' && randomOperators.has(node.operator) && isRandomNow(node);
    for (const [provider, reason] of faultsOf(node)) if (!distrust.has(provider)) distrust.set(provider, reason);
    return true;
  });
  return { distrust, isRandom };
}

/** Dropout passes its input on, unless a third one says that the model is being trained. */
function isRandomNow({ operator, inputCount }: ModelNode): boolean {
  return operator !== 'Dropout' || inputCount > 2;
}

/** Why providers cannot be trusted with an operator, in words. */
export function faultsOf(node: ModelNode): [provider: Provider, reason: string][] {
  if (node.domain !== '') return [];
  const entries = distrusted.get(node.operator) ?? [];
  return entries.flatMap(({ provider, when, fault }): [Provider, string][] => {
    const words = when(node);
    if (words === undefined) return [];
    const what = words === '' ? node.operator : `${node.operator} ${words}`;
    return [[provider, `${names[provider]} is not trusted with this model: with ${what} onnxruntime ${fault}`]];
  });
}
