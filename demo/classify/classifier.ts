import { type Device, type FallbackStep, type Guest, GuestError, type WasiNN } from '../../src/index.js';
import type { InputSpec } from './input-spec.js';
import { registryName, type Target, type Task, taskModels } from './models.js';

/** Four bytes a pixel, row by row from the top: the guest's `record image`. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** The guest's `record guess`. */
export interface Guess {
  readonly class: number;
  readonly probability: number;
}

/** The guest's `record failure`. */
export interface Failure {
  readonly code: string;
  readonly text: string;
}

/** The guest's world, `wit/guests/classify/classify.wit`. */
interface ClassifyExports {
  classify(image: Image, model: InputSpec & { readonly name: string }, top: number): Promise<readonly Guess[]>;
}

export interface Question {
  readonly task: Task;
  readonly target: Target;
  readonly image: Image;
}

/** Where a model runs, and what was tried before. */
export interface Placement {
  readonly device: Device;
  readonly fallback: readonly FallbackStep[];
}

export interface Classification {
  /** The most probable first. */
  readonly guesses: readonly Guess[];
  /** When the guest was called, in ms since 1970. */
  readonly start: number;
  /** How long it took to answer. */
  readonly milliseconds: number;
  /** Whether the model was loaded in that time. */
  readonly loadedModel: boolean;
  readonly placement: Placement | undefined;
}

/** The guest that classifies, and what its wasi-nn host has reported of the models. */
export interface Classifier {
  /** Starts the guest, which {@link classify} would do too. */
  start(): Promise<void>;
  classify(question: Question): Promise<Classification>;
  /** Whether the model of that name was ever loaded: whether it is there and readable. */
  hasLoaded(name: string): boolean;
  /** Where the model of that name runs, once it was loaded. */
  placementOf(name: string): Placement | undefined;
}

export function createClassifier(nn: Pick<WasiNN, 'instantiate' | 'addEventListener'>): Classifier {
  const placements = new Map<string, Placement>();
  const fallbacks = new Map<string, readonly FallbackStep[]>();
  let starting: Promise<Guest<ClassifyExports>> | undefined;
  let loads = 0;

  // The event of a fallback comes before that of its load.
  nn.addEventListener('fallback', ({ detail: { name, steps } }) => {
    if (name !== undefined) fallbacks.set(name, steps);
  });
  nn.addEventListener('load', ({ detail: { name, device } }) => {
    if (name === undefined) return;
    loads += 1;
    placements.set(name, { device, fallback: fallbacks.get(name) ?? [] });
    fallbacks.delete(name);
  });

  function guest(): Promise<Guest<ClassifyExports>> {
    const component = new URL('../../guests/classify.component.wasm', import.meta.url);
    starting ??= nn.instantiate<ClassifyExports>(component).catch((error) => {
      // The next attempt may have more luck.
      starting = undefined;
      throw error;
    });
    return starting;
  }

  async function ask(running: Guest<ClassifyExports>, { task, target, image }: Question): Promise<readonly Guess[]> {
    const { spec, top } = taskModels[task];
    try {
      return await running.exports.classify(image, { ...spec, name: registryName(task, target) }, top);
    } catch (error) {
      // A guest that does not answer with a failure of its own has trapped, and cannot be called again.
      if (!failureOf(error)) {
        running.dispose();
        starting = undefined;
      }
      throw error;
    }
  }

  return {
    async start() {
      await guest();
    },
    async classify(question) {
      const running = await guest();
      const loadsBefore = loads;
      const start = performance.now();
      const guesses = await ask(running, question);
      return {
        guesses,
        start: performance.timeOrigin + start,
        milliseconds: performance.now() - start,
        loadedModel: loads > loadsBefore,
        placement: placements.get(registryName(question.task, question.target)),
      };
    },
    hasLoaded: (name) => placements.has(name),
    placementOf: (name) => placements.get(name),
  };
}

/** The failure that the guest answered with; `undefined` for an error of any other kind. */
export function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof GuestError) || !isFailure(error.payload)) return undefined;
  return error.payload;
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null || !('code' in value) || !('text' in value)) return false;
  return typeof value.code === 'string' && typeof value.text === 'string';
}
