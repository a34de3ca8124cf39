import { failureOf } from './classifier.js';
import type { Task } from './models.js';
import { UnreadablePhotoError } from './photo.js';

/** What the page knows of the attempt that failed. */
export interface Attempt {
  readonly task: Task;
  /** Whether the model was ever loaded on this target. */
  readonly modelLoaded: boolean;
  /** Whether the browser has a network, as far as it knows. */
  readonly isOnline: boolean;
}

/** A failure in words for the visitor. */
export interface Explanation {
  readonly headline: string;
  /** What one can do about it. */
  readonly advice: string;
  /** What the software says, for those who know it. */
  readonly detail: string;
}

export function explain(error: unknown, { task, modelLoaded, isOnline }: Attempt): Explanation {
  const detail = failureOf(error)?.text ?? (error instanceof Error ? error.message : String(error));

  if (error instanceof UnreadablePhotoError) {
    return { headline: 'The photo could not be read.', advice: 'Try a JPEG or a PNG.', detail };
  }
  // Only a guest that runs answers with a failure of its own.
  if (!failureOf(error)) {
    return { headline: 'The guest could not be run.', advice: 'Reload the page, or try a newer browser.', detail };
  }
  if (modelLoaded) {
    return { headline: 'The model could not be computed.', advice: 'Try again, or choose another target.', detail };
  }
  if (task === 'digit') {
    return { headline: 'The digit model could not be loaded.', advice: 'Reload the page.', detail };
  }
  if (!isOnline) {
    return {
      headline: 'The photo model is not on this device, and there is no network.',
      advice: 'Digits work without a network: draw one. Photos work once the model was downloaded.',
      detail,
    };
  }
  return {
    headline: 'The photo model could not be loaded.',
    advice:
      'Check the network and choose the photo again. Or put a copy of SqueezeNet 1.1 on a server that this page may ' +
      'fetch from, and add ?squeezenet= and its URL to the address of the page.',
    detail,
  };
}
