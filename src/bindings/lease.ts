import { andThen } from '../rpc/awaitable.js';
import type { Awaitable, ComputeOptions, GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { forClient, type NamedTensorReference, toReferences } from '../rpc/tensor-reference.js';
import type { ContextCount } from './context-count.js';
import { addImage, type ReadFile } from './prompt-images.js';
import type { ReportError } from './report-error.js';
import { attempt } from './wit-error.js';

/** What all graphs of a guest share. */
export interface LeaseOptions {
  readonly client: InferenceClient;
  readonly contexts: ContextCount;
  readonly report: ReportError;
  readonly readFile: ReadFile;
}

/** A graph of the engine and the number of resources that need it: the graph itself and its contexts. */
export class Lease {
  readonly info: GraphInfo;
  readonly report: ReportError;
  readonly #client: InferenceClient;
  readonly #contexts: ContextCount;
  readonly #readFile: ReadFile;
  #holders = 0;

  constructor(info: GraphInfo, { client, contexts, report, readFile }: LeaseOptions) {
    this.report = report;
    this.#client = client;
    this.info = info;
    this.#contexts = contexts;
    this.#readFile = readFile;
  }

  /**
   * A hold for a context, as {@link hold}.
   *
   * @throws WasiNNError `too-large` where the guest has too many
   */
  holdContext(): () => void {
    const uncount = this.#contexts.add('init-execution-context');
    const release = this.hold();
    return () => {
      uncount();
      release();
    };
  }

  /** @returns what gives the hold back; the last to do so unloads the graph */
  hold(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (held && --this.#holders === 0) this.#unload();
      held = false;
    };
  }

  compute(inputs: readonly NamedTensorReference[], options?: ComputeOptions): Awaitable<NamedTensorReference[]> {
    const client = this.#client;
    const { id, text } = this.info;
    return andThen(forClient(inputs, client), (tensors) => {
      const complete = text ? addImage(tensors, text, this.#readFile) : tensors;
      return andThen(client.compute(id, complete, options), (outputs) => toReferences(outputs, client));
    });
  }

  /** A drop has no result to fail with: where the engine is gone, the graph went with it. */
  #unload(): void {
    const ignore = () => undefined;
    void attempt(this.report, 'unload', () => this.#client.unload(this.info.id), ignore, ignore);
  }
}
