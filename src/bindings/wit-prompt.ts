import { andThen } from '../rpc/awaitable.js';
import type { Awaitable } from '../rpc/inference-client.js';
import { type NamedTensorReference, releaseAll, TensorReference } from '../rpc/tensor-reference.js';
import { WasiNNError } from '../standard/error.js';
import type { Lease } from './lease.js';
import { dispose, WitGraph } from './wit.js';
import { attempt, type WitError } from './wit-error.js';

/**
 * The interface `wasi:nn/prompt` that is proposed for wasi-nn (https://github.com/WebAssembly/wasi-nn/pull/79), in the shape that
 * `wit.ts` describes. Its errors are strings.
 */
export interface PromptBinding {
  readonly Context: typeof WitPromptContext;
  /** Makes a context of a graph. The graph is consumed. */
  init(graph: WitGraph): Awaitable<WitPromptContext>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A context as the proposal has it (resource `context`). It keeps its graph loaded, and remembers no earlier prompt. */
export class WitPromptContext {
  readonly #lease: Lease;
  readonly [dispose]: () => void;

  constructor(lease: Lease) {
    this.#lease = lease;
    this[dispose] = lease.holdContext();
  }

  /** What the model answers to a prompt, with the settings that the model was loaded with. */
  compute(prompt: string): Awaitable<string> {
    const data = encoder.encode(prompt);
    const input = new TensorReference({ type: 'U8', dimensions: [data.byteLength], data });
    const answer = () => andThen(this.#lease.compute([['0', input]]), readAnswer);
    return attempt(this.#lease.report, 'compute', answer, identity, raiseText);
  }
}

export const promptBinding: PromptBinding = {
  Context: WitPromptContext,
  init(graph) {
    const lease = WitGraph.lease(graph);
    return attempt(lease.report, 'init', () => createContext(graph, lease), identity, raiseText);
  },
};

function createContext(graph: WitGraph, lease: Lease): WitPromptContext {
  try {
    if (lease.info.text) return new WitPromptContext(lease);
    throw new WasiNNError('invalid-argument', 'init: the graph is no language model: load one in a GGUF file');
  } finally {
    graph[dispose]();
  }
}

/** Output 0 is the text. */
function readAnswer(outputs: readonly NamedTensorReference[]): Awaitable<string> {
  const text = outputs.find(([name]) => name === '0')?.[1];
  if (!text) throw new TypeError('compute: the language model gave no output 0');
  return andThen(text.value(), ({ data }) => {
    releaseAll(outputs);
    return decoder.decode(data);
  });
}

function identity<Value>(value: Value): Value {
  return value;
}

/** An error that is a string in WIT. jco's glue passes its `payload` on; a string that is thrown would be no error elsewhere. */
class PromptError extends Error {
  readonly payload: string;

  constructor(text: string) {
    super(text);
    this.payload = text;
  }
}

function raiseText(error: WitError): never {
  throw new PromptError(error.data());
}
