import { andThen, untilDone } from '../rpc/awaitable.js';
import type { Awaitable, GraphInfo, InferenceClient } from '../rpc/inference-client.js';
import { WasiNNError } from '../standard/error.js';
import type { TextEnd, TextModel, TextProgress } from '../standard/text.js';
import type { TextConfiguration } from '../standard/text-configuration.js';
import { findImage, type ImagePrompt, type ReadFile } from './prompt-images.js';
import type { TextDialect } from './text-dialect.js';
import { contextFull, endOfSequence, promptTooLong } from './text-errors.js';

/** What a guest sees of one execution context of a language model. */
export interface TextContext {
  /**
   * Takes a prompt, with the image that it has. A text that is under way ends.
   *
   * @throws WasiNNError as `findImage`; the prompt before stays
   */
  setPrompt(prompt: Uint8Array<ArrayBuffer>): void;
  /** Generates a whole text. @throws WasiNNError `contextFull`, with the text kept, or `promptTooLong` */
  compute(): Awaitable<void>;
  /** Generates one token. @throws WasiNNError `endOfSequence`, `contextFull` or `promptTooLong`; the next call starts over */
  computeSingle(): Awaitable<void>;
  /** The text so far. */
  text(): Uint8Array;
  /** The last token of `computeSingle`; empty before any. */
  lastToken(): Uint8Array;
  /** Counts of tokens, as JSON. The prompt is counted where it has not been generated from. */
  counts(): Awaitable<Uint8Array>;
  /** Ends the computations of `computeSingle`, and forgets the text. */
  finish(): void;
  /** Ends what is under way. */
  stop(): void;
}

export interface TextContextOptions {
  readonly client: InferenceClient;
  readonly graph: GraphInfo;
  readonly model: TextModel;
  readonly dialect: TextDialect;
  /** The settings as they are now. */
  settings(): TextConfiguration;
  /** Writes to the guest's standard output. */
  print(bytes: Uint8Array<ArrayBuffer>): void;
  readonly readFile: ReadFile;
  /** Called when the engine fails to end a text, which concerns no guest. */
  onStopFailure(cause: unknown): void;
}

/** A text of `computeSingle`, and what of it has come but was not asked for yet. */
interface Running {
  readonly number: number;
  pieces: readonly string[];
  end: TextEnd | undefined;
}

const encoder = new TextEncoder();

export function createTextContext(options: TextContextOptions): TextContext {
  const { client, graph, model, dialect, print, readFile } = options;
  let asked: ImagePrompt | undefined;
  let inputTokens: number | undefined;
  let outputTokens = 0;
  let text = '';
  let lastToken = '';
  let running: Running | undefined;

  function start(settings: TextConfiguration): Awaitable<number> {
    if (!asked) throw new WasiNNError('invalid-argument', 'compute: the context has no prompt: call set_input first');
    const configuration = encoder.encode(JSON.stringify(settings));
    const images = asked.images.map((image) => image.slice());
    const request = { prompt: asked.prompt.slice(), configuration };
    return client.startText(graph.id, images.length > 0 ? { ...request, images } : request);
  }

  function note({ inputTokens: counted, end }: TextProgress): void {
    inputTokens = end?.inputTokens ?? counted ?? inputTokens;
  }

  function add(piece: string): void {
    text += piece;
    outputTokens++;
  }

  function stopText(number: number): void {
    try {
      const answer = client.stopText(number);
      if (answer instanceof Promise) answer.catch(options.onStopFailure);
    } catch (cause) {
      options.onStopFailure(cause);
    }
  }

  function stop(): void {
    if (running && !running.end) stopText(running.number);
    running = undefined;
  }

  function forget(): void {
    stop();
    text = '';
    lastToken = '';
    outputTokens = 0;
  }

  /** Reads a text to its end. */
  function readAll(number: number, onPiece: (piece: string) => void): Awaitable<TextEnd> {
    let ended: TextEnd | undefined;
    const reading = untilDone(() =>
      andThen(client.readText(number), (progress) => {
        note(progress);
        for (const piece of progress.pieces) onPiece(piece);
        ended = progress.end;
        return ended !== undefined;
      }),
    );
    return andThen(reading, () => {
      if (ended) return ended;
      throw new TypeError('compute: the text did not end');
    });
  }

  function compute(): Awaitable<void> {
    forget();
    const settings = options.settings();
    const streams = settings['stream-stdout'] === true;
    const emit = (piece: string) => {
      add(piece);
      if (streams) print(encoder.encode(piece));
    };
    return andThen(answerSettings(settings), (wanted) =>
      andThen(start(wanted), (number) =>
        andThen(readAll(number, emit), (end) => {
          if (end.endToken !== '') emit(end.endToken);
          outputTokens = end.outputTokens;
          throwFor(end);
        }),
      ),
    );
  }

  /** The settings with the number of tokens that the answer may have. */
  function answerSettings(settings: TextConfiguration): Awaitable<TextConfiguration> {
    const total = settings['n-predict'];
    if (!dialect.countsPrompt || typeof total !== 'number') return settings;
    return andThen(countInput(), (counted) => {
      if (counted > total) throw promptTooLong(counted);
      // One more: the token that fills the context need not be evaluated any more.
      return { ...settings, 'n-predict': total - counted + 1 };
    });
  }

  /** Takes what has come of a text; reads on where nothing has. */
  function advance(current: Running): Awaitable<void> {
    if (current.pieces.length > 0 || current.end) return take(current);
    return andThen(client.readText(current.number), (progress) => {
      note(progress);
      Object.assign(current, { pieces: progress.pieces, end: progress.end });
      return advance(current);
    });
  }

  function take(current: Running): void {
    const [piece, ...rest] = current.pieces;
    if (piece !== undefined) {
      current.pieces = rest;
      lastToken = piece;
      add(piece);
      return;
    }
    running = undefined;
    const { end } = current;
    if (!end) return;
    if (end.endToken !== '') {
      lastToken = end.endToken;
      add(end.endToken);
    }
    throwFor(end);
    throw endOfSequence();
  }

  function computeSingle(): Awaitable<void> {
    if (running) return advance(running);
    forget();
    // These are settings of whole texts. Left out, they would be those that the model was loaded with.
    const settings = { ...options.settings(), 'n-predict': -1, 'reverse-prompt': '' };
    return andThen(start(settings), (number) => {
      running = { number, pieces: [], end: undefined };
      return advance(running);
    });
  }

  function takeImage(given: Uint8Array<ArrayBuffer>): ImagePrompt {
    const { image } = options.settings();
    return findImage(given, { operation: 'set_input', model, image, readFile });
  }

  /** WAMR refuses a number of tokens that its context has no room for. */
  function refuseLongAnswer(): void {
    const total = options.settings()['n-predict'];
    if (!dialect.countsPrompt || typeof total !== 'number' || total <= model.contextTokens) return;
    const error = `set_input: "n-predict" is ${total}, but the context has ${model.contextTokens} tokens: lower it, or raise "ctx-size"`;
    throw new WasiNNError('runtime-error', error);
  }

  /** The prompt is counted by evaluating it, which the next text need not do again. */
  function countInput(): Awaitable<number> {
    if (inputTokens !== undefined || !asked) return inputTokens ?? 0;
    return andThen(start({ ...options.settings(), 'n-predict': 1 }), (number) =>
      andThen(
        readAll(number, () => undefined),
        (end) => end.inputTokens,
      ),
    );
  }

  return {
    setPrompt(given) {
      const found = dialect.takesImages ? takeImage(given) : { prompt: given, images: [] };
      refuseLongAnswer();
      stop();
      asked = found;
      inputTokens = undefined;
    },
    compute,
    computeSingle,
    text: () => encoder.encode(text),
    lastToken: () => encoder.encode(lastToken),
    counts: () =>
      andThen(countInput(), (counted) =>
        encoder.encode(dialect.describe(model, { inputTokens: counted, outputTokens })),
      ),
    finish: forget,
    stop,
  };
}

function throwFor({ reason, inputTokens }: TextEnd): void {
  if (reason === 'context-full') throw contextFull();
  if (reason === 'prompt-too-long') throw promptTooLong(inputTokens);
}
