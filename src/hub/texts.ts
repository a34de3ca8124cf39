import { isOnDevice, type NamedClientTensor } from '../rpc/inference-client.js';
import { type Limits, refuseMore } from '../rpc/limits.js';
import { whole } from '../rpc/transfer.js';
import { quote, toWasiNNError, WasiNNError } from '../standard/error.js';
import type { NamedTensor, TensorValue } from '../standard/tensor.js';
import {
  describeCounts,
  isTextProgress,
  type TextModel,
  type TextProgress,
  type TextRequest,
} from '../standard/text.js';
import { maximumConfigurationBytes } from '../standard/text-configuration.js';
import type { Dispatcher } from './dispatcher.js';
import type { EngineProcess } from './engine-process.js';
import type { Call, Graph } from './graph.js';
import type { Graphs } from './graphs.js';

/** The texts of one client. */
export interface Texts {
  /** Begins a text. It is generated whether or not it is read. @returns its number */
  start(graph: Graph, request: TextRequest, call: Call): Promise<number>;
  /**
   * Waits for the next pieces of a text. A text that has ended, or fails, is forgotten.
   *
   * @throws WasiNNError `timeout` where no piece comes in time
   */
  read(text: number, call: Call): Promise<TextProgress>;
  /** Ends a text. Unknown numbers are ignored. */
  stop(text: number): void;
  /**
   * Generates a text from tensors. Input "0" is the prompt, "1" the settings, and "2" an image of the prompt. Output "0" is the text,
   * and "1" its counts.
   */
  compute(graph: Graph, inputs: readonly NamedClientTensor[], call: Call): Promise<NamedTensor[]>;
  close(): void;
}

export interface TextsOptions {
  /** The number by which the client takes turns with others. */
  readonly client: number;
  readonly graphs: Graphs;
  readonly dispatcher: Dispatcher;
  readonly limits: Limits;
}

/** How many bytes the prompts and the images of texts have. */
interface Sizes {
  readonly prompts: number;
  readonly images: number;
}

interface HeldText {
  readonly graph: Graph;
  readonly sizes: Sizes;
  readonly engine: EngineProcess;
  /** The engine's number for it. */
  readonly number: number;
  /** When it was asked for, and when the engine was found to work on it, by `performance.now()`. */
  readonly came: number;
  began: number | undefined;
}

/** An execution context has one text at a time. */
const maximumTexts = 1000;

/**
 * How long an engine waits for the next piece of one text, in ms, before it is asked for other texts again. Texts are
 * generated meanwhile, so nothing is lost by asking.
 */
const sliceMilliseconds = 50;

/** The inputs of a language model, as components give them. */
const inputNames = ['0', '1', '2'];

const encoder = new TextEncoder();

export function createTexts({ client, graphs, dispatcher, limits }: TextsOptions): Texts {
  const texts = new Map<number, HeldText>();
  let nextText = 0;
  let starting = 0;
  /** Of all texts that have not ended: an engine keeps what it is given until a text's turn comes. */
  let held: Sizes = { prompts: 0, images: 0 };

  function hold(sizes: Sizes): void {
    refuseMore('compute', held.prompts + sizes.prompts, limits.tensorBytes, 'bytes of prompts at a time');
    refuseMore('compute', held.images + sizes.images, limits.tensorBytes, 'bytes of images at a time');
    held = { prompts: held.prompts + sizes.prompts, images: held.images + sizes.images };
  }

  function letGo(sizes: Sizes): void {
    held = { prompts: held.prompts - sizes.prompts, images: held.images - sizes.images };
  }

  function release(graph: Graph): void {
    // No caller is left who could handle an error.
    graphs.release(graph, client).catch(() => undefined);
  }

  function forget(id: number): void {
    const text = texts.get(id);
    if (!texts.delete(id) || !text) return;
    letGo(text.sizes);
    release(text.graph);
  }

  async function start(graph: Graph, request: TextRequest, call: Call): Promise<number> {
    const sizes = { prompts: request.prompt.byteLength, images: totalBytes(request.images) };
    refuseMore('compute', sizes.prompts, limits.tensorBytes, 'bytes of a prompt');
    refuseMore('compute', sizes.images, limits.tensorBytes, 'bytes of images');
    refuseMore('compute', request.configuration.byteLength, maximumConfigurationBytes, 'bytes of settings');
    refuseMore('compute', texts.size + starting + 1, maximumTexts, 'texts at a time');
    hold(sizes);
    // The graph stays until the text has ended.
    graph.hold.count++;
    starting++;
    try {
      const text = await graphs.use(graph, call, async (engine) => {
        const parameters = { graph: graph.id, request: wholeRequest(request) };
        const number = await engine.request('startText', parameters, { limit: limits.computeMilliseconds });
        if (typeof number !== 'number') throw new TypeError('startText: the engine gave an answer of the wrong kind');
        return { graph, sizes, engine, number, came: call.came, began: undefined };
      });
      texts.set(nextText, text);
    } catch (cause) {
      letGo(sizes);
      release(graph);
      throw cause;
    } finally {
      starting--;
    }
    const id = nextText++;
    if (call.signal.aborted) stop(id);
    return id;
  }

  /** What has come of a text within a slice of time. */
  async function readSlice(engine: EngineProcess, text: HeldText): Promise<TextProgress> {
    if (text.engine !== engine) throw textLost();
    const parameters = { text: text.number, milliseconds: sliceMilliseconds };
    const progress = await engine.request('readText', parameters, { limit: limits.computeMilliseconds });
    if (!isTextProgress(progress)) throw new TypeError('readText: the engine gave an answer of the wrong kind');
    return progress;
  }

  async function read(id: number, { signal }: Call): Promise<TextProgress> {
    const text = texts.get(id);
    if (!text)
      throw new WasiNNError('invalid-argument', `compute: there is no text ${id}: it has ended or was stopped`);
    let waitingSince: number | undefined;
    try {
      for (;;) {
        if (text.engine.ended.aborted) throw textLost();
        const progress = await dispatcher.run(client, (engine) => readSlice(engine, text), signal);
        if (progress.hasBegun) text.began ??= performance.now();
        if (progress.end) {
          graphs.reportText(text.graph, text.came, text.began ?? text.came, progress.end);
          forget(id);
        }
        if (progress.pieces.length > 0 || progress.end) return progress;
        // Texts that wait for others of their graph have all the time that those need.
        if (progress.hasBegun) waitingSince ??= performance.now();
        if (waitingSince !== undefined) endIfLate(text, waitingSince);
      }
    } catch (cause) {
      if (!signal.aborted) forget(id);
      throw toWasiNNError(cause, 'compute');
    }
  }

  /** A model that takes too long for one token is ended with its engine, as other computations are. */
  function endIfLate({ engine }: HeldText, since: number): void {
    const { computeMilliseconds: limit } = limits;
    if (performance.now() - since <= limit) return;
    const late = new WasiNNError('timeout', `compute: a token took more than the ${limit} ms that the page allows`);
    engine.terminate(late);
    throw late;
  }

  function stop(id: number): void {
    const text = texts.get(id);
    if (!text) return;
    forget(id);
    const { engine, number } = text;
    if (engine.ended.aborted) return;
    const stopped = dispatcher.run(client, async (current) => {
      if (current === engine) await engine.request('stopText', number, { limit: limits.computeMilliseconds });
    });
    // It concerns nobody any more whether it succeeds.
    stopped.catch(() => undefined);
  }

  async function compute(graph: Graph, inputs: readonly NamedClientTensor[], call: Call): Promise<NamedTensor[]> {
    const text = await start(graph, toRequest(inputs), call);
    try {
      const pieces: string[] = [];
      for (;;) {
        const { pieces: more, end } = await read(text, call);
        pieces.push(...more);
        if (!end) continue;
        if (end.reason === 'prompt-too-long') throw promptTooLong(end.inputTokens, graph.text);
        const counts = graph.text ? describeCounts(graph.text, end) : '{}';
        const outputs = [toOutput('0', pieces.join('')), toOutput('1', counts)];
        const bytes = outputs.reduce((total, [, { data }]) => total + data.byteLength, 0);
        refuseMore('compute', bytes, limits.tensorBytes, 'bytes of outputs');
        return outputs;
      }
    } finally {
      stop(text);
    }
  }

  return {
    start,
    read,
    stop,
    compute,
    close() {
      for (const id of [...texts.keys()]) stop(id);
    },
  };
}

/** A request without the memory around its bytes, which the limits have not counted. */
function wholeRequest({ prompt, configuration, images, ...rest }: TextRequest): TextRequest {
  const bytes = { prompt: whole(prompt), configuration: whole(configuration) };
  return { ...rest, ...bytes, ...(images && { images: images.map(whole) }) };
}

function totalBytes(images: TextRequest['images'] = []): number {
  return images.reduce((total, { byteLength }) => total + byteLength, 0);
}

function toRequest(inputs: readonly NamedClientTensor[]): TextRequest {
  const given = new Map<string, TensorValue['data']>();
  for (const [name, tensor] of inputs) {
    if (isOnDevice(tensor) || tensor.type !== 'U8' || !inputNames.includes(name)) {
      const expected =
        'a language model takes U8 tensors, input "0" (the prompt), "1" (the settings, as JSON) and "2" (an image)';
      throw new WasiNNError('invalid-argument', `compute: ${expected}, but input ${quote(name)} ${tensor.type} came`);
    }
    given.set(name, tensor.data);
  }
  const prompt = given.get('0');
  if (!prompt)
    throw new WasiNNError('invalid-argument', 'compute: input "0" is missing: give the prompt, as a U8 tensor');
  const image = given.get('2');
  return { prompt, configuration: given.get('1') ?? new Uint8Array(), ...(image && { images: [image] }) };
}

function toOutput(name: string, text: string): NamedTensor {
  const data = encoder.encode(text);
  return [name, { type: 'U8', dimensions: [data.byteLength], data }];
}

function promptTooLong(tokens: number, model: TextModel | undefined): WasiNNError {
  const text = `compute: the prompt has ${tokens} tokens, too many for a context of ${model?.contextTokens}: shorten it, or set "ctx-size"`;
  return new WasiNNError('too-large', text);
}

function textLost(): WasiNNError {
  const text = 'compute: the text is lost, since its engine was replaced: generate it again';
  return new WasiNNError('runtime-error', text);
}
