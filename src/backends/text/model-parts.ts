import { WasiNNError } from '../../standard/error.js';
import type { GraphBuilder } from '../../standard/graph.js';
import {
  maximumConfigurationBytes,
  parseTextConfiguration,
  type TextConfiguration,
} from '../../standard/text-configuration.js';
import { type GgufDescription, readGguf } from './gguf.js';

/** The parts of a language model, by their kinds. */
export interface ModelParts {
  /** All GGUF files: those of the model, in their order, and its projector. */
  readonly files: readonly GraphBuilder[];
  /** What the model's first file says. */
  readonly gguf: GgufDescription;
  /** Whether there is a projector. It turns images into what the model takes in place of tokens. */
  readonly hasProjector: boolean;
  /** The settings that the model is loaded with. */
  readonly configuration: TextConfiguration;
}

/** As llama.cpp names all projectors, whatever their kind. */
const projectorArchitecture = 'clip';

/**
 * Reads the parts of a language model: its GGUF files, among which may be its projector, and then its settings. The settings of
 * a guest follow those that the model was registered with, and take precedence, one by one.
 *
 * @throws WasiNNError `invalid-argument` for parts that make no model, `invalid-encoding` for what is damaged, `too-large` for a
 *   configuration that is too long, and as `parseTextConfiguration`
 */
export function readParts(parts: readonly GraphBuilder[]): ModelParts {
  // A damaged file that comes first is a file nevertheless, so that the error says what is wrong with it.
  const fileCount = Math.max(1, 1 + parts.findLastIndex(([first]) => first === 'G'.charCodeAt(0)));
  const files = parts.slice(0, fileCount);
  const descriptions = files.map(readGguf);
  const models = descriptions.filter(({ architecture }) => architecture !== projectorArchitecture);
  const [gguf] = models;
  if (!gguf) throw new WasiNNError('invalid-argument', noModel(files.length));
  if (gguf.splitCount !== models.length) throw new WasiNNError('invalid-argument', wrongSplit(gguf, models.length));
  const projectors = files.length - models.length;
  if (projectors > 1) {
    const text = `load: ${projectors} projectors came (GGUF files of the architecture "clip"), but a model has at most one`;
    throw new WasiNNError('invalid-argument', text);
  }
  const settings = parts.slice(fileCount).flatMap((part) => Object.entries(readConfiguration(part)));
  const configuration: TextConfiguration = Object.fromEntries(settings);
  const hasProjector = projectors === 1;
  if (configuration.mmproj && !hasProjector) throw new WasiNNError('invalid-argument', noProjector);
  return { files, gguf, hasProjector, configuration };
}

const noProjector =
  'load: the setting "mmproj" asks for a projector, but the model came without one: register the GGUF file of the projector as one of its parts';

function noModel(files: number): string {
  if (files === 0) return 'load: no GGUF file came';
  return 'load: a projector came without its language model: give the GGUF file of the model too';
}

function wrongSplit({ splitCount }: GgufDescription, files: number): string {
  return `load: the model is split into ${splitCount} GGUF files, but ${files} came: give all of them as parts, in their order`;
}

function readConfiguration(part: GraphBuilder): TextConfiguration {
  if (part.byteLength > maximumConfigurationBytes) {
    const text = `load: the configuration has ${part.byteLength} bytes, more than ${maximumConfigurationBytes}`;
    throw new WasiNNError('too-large', text);
  }
  return parseTextConfiguration('load', new TextDecoder().decode(part));
}
