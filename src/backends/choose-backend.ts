import { quote, WasiNNError } from '../standard/error.js';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { Backend } from './backend.js';
import { type Format, sniff } from './sniff.js';

/** The bytes are a model, but of an encoding that no backend serves, or of another than was named. */
export class UnservedError extends WasiNNError {}

/**
 * Finds the backend for a model. Bytes that are known to be something else are refused even where a guest names an
 * encoding that is served; unknown ones are left to the backend.
 *
 * @throws WasiNNError `invalid-encoding` that names what the bytes are, what can be loaded and what to do;
 *   `invalid-argument` where there are no bytes
 */
export function chooseBackend<Served extends Pick<Backend, 'encodings'>>(
  backends: readonly Served[],
  parts: readonly GraphBuilder[],
  encoding: GraphEncoding,
): Served {
  if (parts.length === 0)
    throw new WasiNNError('invalid-argument', 'load: no graph builder came; give the model as at least one');
  const served = new Set(backends.flatMap((backend) => backend.encodings));

  const format = identify(parts);
  const found = format.kind === 'model' ? format.encoding : undefined;
  const isOther = format.kind === 'other' || (found !== undefined && found !== encoding);
  if (encoding !== 'autodetect' && isOther) {
    throw refusal(`expected ${encoding}, but the bytes are ${format.description}`, served, format, encoding);
  }
  const effective = encoding === 'autodetect' ? found : encoding;
  const backend = backends.find(({ encodings }) => effective !== undefined && encodings.includes(effective));
  if (backend) return backend;
  const reason = effective
    ? `no backend serves ${effective}: the bytes are ${format.description}`
    : `no backend serves these bytes: they are ${format.description}`;
  throw refusal(reason, served, format, encoding);
}

/**
 * What a model's parts are, by the first of them. The parts of some encodings are known in any order: an OpenVINO model of
 * two, and a TensorFlow SavedModel of three, have one that says what they are.
 */
function identify(parts: readonly GraphBuilder[]): Format {
  const formats = parts.map(sniff);
  const [first] = formats;
  if (first?.kind === 'model') return first;
  const counts: Readonly<Partial<Record<GraphEncoding, number>>> = { openvino: 2, tensorflow: 3 };
  const known = formats.filter((format) => format.kind === 'model' && counts[format.encoding] === parts.length);
  const [only = first] = known.length === 1 ? known : [];
  return only ?? { kind: 'unknown', description: 'no bytes' };
}

/**
 * Finds the backend that a registered model names in place of bytes, among those that need none.
 *
 * @throws WasiNNError `not-found`
 */
export function namedBackend<Served extends Pick<Backend, 'name' | 'encodings'>>(
  backends: readonly Served[],
  name: string,
): Served {
  const needNoModel = backends.filter(({ encodings }) => encodings.length === 0);
  const backend = needNoModel.find((candidate) => candidate.name === name);
  if (backend) return backend;
  const known = needNoModel.map((candidate) => candidate.name).join(', ');
  throw new WasiNNError('not-found', `load: no backend ${quote(name)} needs no model; those that need none: ${known}`);
}

function refusal(
  reason: string,
  served: ReadonlySet<GraphEncoding>,
  format: Format,
  encoding: GraphEncoding,
): WasiNNError {
  const remedy = remedyFor(served, format, encoding);
  const text = `load: ${reason}; served are: ${[...served].join(', ')}`;
  const Kind = format.kind === 'model' ? UnservedError : WasiNNError;
  return new Kind('invalid-encoding', remedy ? `${text}; ${remedy}` : text);
}

function remedyFor(served: ReadonlySet<GraphEncoding>, format: Format, encoding: GraphEncoding): string | undefined {
  if (format.kind === 'other') return format.remedy;
  const actual = format.kind === 'model' ? format.encoding : encoding;
  // Served, and refused all the same: it came under the wrong name, or is not recognised.
  if (served.has(actual)) return `name its encoding ${actual}, or autodetect`;
  if (actual === 'autodetect') return 'name its encoding if it is a model all the same';
  return undefined;
}
