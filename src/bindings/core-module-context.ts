import type { Awaitable, GraphInfo } from '../rpc/inference-client.js';
import { type NamedTensorReference, releaseAll } from '../rpc/tensor-reference.js';
import { WasiNNError } from '../standard/error.js';
import type { TensorValue } from '../standard/tensor.js';
import type { TextConfiguration } from '../standard/text-configuration.js';
import type { TextContext } from './text-context.js';
import type { TextDialect } from './text-dialect.js';

/** The graphs and execution contexts of a core module. */

export interface Graph {
  readonly info: GraphInfo;
  /** For a language model: whose guest has loaded it, and its settings. */
  readonly dialect: TextDialect;
  settings: TextConfiguration;
  unloaded: boolean;
}

export interface Context {
  readonly graph: Graph;
  /** For a language model: it has no inputs and outputs of other kinds. */
  readonly text: TextContext | undefined;
  /** The settings of this context alone. */
  settings: TextConfiguration;
  /** What is set, by the inputs' indices. */
  readonly inputs: Map<number, readonly [name: string, tensor: TensorValue]>;
  outputs: readonly NamedTensorReference[] | undefined;
  /** A computation is under way, or an output on its way. Only a guest that is suspended meanwhile can find it so. */
  busy: boolean;
  /** Takes it off the count. */
  readonly uncount: () => void;
}

/** Output 0 is a text, output 1 the counts of its tokens. */
export function outputOf(text: TextContext, index: number, read: () => Uint8Array): Awaitable<Uint8Array> {
  if (index === 0) return read();
  if (index === 1) return text.counts();
  throw new WasiNNError(
    'invalid-argument',
    `get_output: a language model has no output ${index}; it has 2, counted from 0`,
  );
}

/** Has a context keep what it has computed in place of what it has. */
export function keep(context: Context, outputs: readonly NamedTensorReference[] | undefined): void {
  releaseAll(context.outputs);
  context.outputs = outputs;
}

/** Nothing else can be done with a context until it has its answer. */
export function whileBusy<Value>(context: Context, answer: Awaitable<Value>): Awaitable<Value> {
  if (!(answer instanceof Promise)) return answer;
  context.busy = true;
  return answer.finally(() => {
    context.busy = false;
  });
}
