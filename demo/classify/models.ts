import { imagenetLabels } from './imagenet-labels.js';
import { type InputSpec, squeezenetInput } from './input-spec.js';

/** The digest of the file that {@link squeezenet} names, and its length in bytes. */
const squeezenetFile = {
  sha256: '1eeff551a67ae8d565ca33b572fc4b66e3ef357b0eb2863bb9ff47a918cc4088',
  size: 4_956_208,
} as const;

/** What the page can be shown. */
export type Task = 'digit' | 'photo';

export const targets = ['cpu', 'gpu', 'tpu'] as const;

/** The hardware the visitor wishes for (`enum execution-target`). */
export type Target = (typeof targets)[number];

/** What the address of the page may change. */
export interface Settings {
  readonly photoModel: string;
  readonly allowSoftwareAdapter: boolean;
}

interface TaskModel {
  /** The part of its registry names before the target. */
  readonly family: string;
  readonly spec: InputSpec;
  readonly labels: readonly string[];
  /** How many of the most probable classes to show. */
  readonly top: number;
}

const digitModel = 'models/digits.onnx';

export const squeezenet = 'https://huggingface.co/onnxmodelzoo/squeezenet1.1-7/resolve/main/squeezenet1.1-7.onnx';

export const taskModels: Readonly<Record<Task, TaskModel>> = {
  digit: {
    family: 'digits',
    spec: {
      input: 'image',
      width: 28,
      height: 28,
      colour: 'grey',
      mean: [0.1307],
      deviation: [0.3081],
      // MNIST is white on black; the page draws black on white.
      inverted: true,
      softmax: true,
    },
    labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    top: 10,
  },
  photo: {
    family: 'squeezenet',
    spec: squeezenetInput,
    labels: imagenetLabels,
    top: 5,
  },
};

/** Reads the query of the page's address: `?squeezenet=URL` and `?software-adapter`. */
export function readSettings(query: string): Settings {
  const parameters = new URLSearchParams(query);
  const otherModel = parameters.get('squeezenet');
  return {
    photoModel: otherModel && URL.canParse(otherModel, squeezenet) ? otherModel : squeezenet,
    allowSoftwareAdapter: parameters.has('software-adapter'),
  };
}

/** A guest's `load-by-name` names no target, so each pair of model and target has a name of its own. */
export function registryName(task: Task, target: Target): string {
  return `${taskModels[task].family}/${target}`;
}

interface RegistryEntry {
  readonly url: string;
  readonly target: Target;
  readonly immutable: boolean;
  readonly sha256?: string;
  readonly size?: number;
}

/**
 * The registry: every model under a name for each target.
 *
 * @param root the way to the root of the site, from the page
 */
export function modelRegistry(settings: Settings, root = ''): Record<string, RegistryEntry> {
  const urls: [Task, string][] = [
    ['digit', `${root}${digitModel}`],
    ['photo', settings.photoModel],
  ];
  const entries = urls.flatMap(([task, url]) => {
    // A model that the visitor has named may change from one visit to the next.
    const immutable = task === 'digit' || url === squeezenet;
    const file = url === squeezenet ? squeezenetFile : {};
    return targets.map((target) => [registryName(task, target), { url, target, immutable, ...file }] as const);
  });
  return Object.fromEntries(entries);
}
