import { quote, WasiNNError } from '../standard/error.js';

/**
 * Thrown by a converter for a variant of its operator that cannot be converted. The message says which, and stands behind
 * the operator's name: `mode "cubic"`.
 */
export class UnsupportedVariant extends Error {
  override readonly name = 'UnsupportedVariant';
}

interface Finding {
  readonly operator: string;
  readonly reason: string | undefined;
  readonly layers: string[];
  count: number;
}

/** What an error text has room for. */
const shownOperators = 100;
const shownLayers = 5;

/**
 * Collects the operators of one model that an importer does not know, so that one error names them all.
 *
 * Look up every operator of the model before the first is converted, and call {@link throwIfAny}; add what converters
 * throw as {@link UnsupportedVariant}, convert nothing that depends on it, and call {@link throwIfAny} again.
 */
export class UnsupportedOperators {
  readonly #findings = new Map<string, Finding>();
  readonly #format: string;

  /** @param format as error texts name it: `OpenVINO` */
  constructor(format: string) {
    this.#format = format;
  }

  /**
   * @param operator as the format calls it
   * @param layer the name of the layer or node that has it
   * @param reason what of it is not supported, where other variants are
   */
  add(operator: string, layer: string, reason?: string): void {
    const key = JSON.stringify([operator, reason]);
    const finding = this.#findings.get(key) ?? { operator, reason, layers: [], count: 0 };
    this.#findings.set(key, finding);
    finding.count++;
    if (finding.layers.length < shownLayers) finding.layers.push(layer);
  }

  /** @throws WasiNNError `unsupported-operation` that names every operator that was added, and its layers */
  throwIfAny(): void {
    if (this.#findings.size === 0) return;
    const shown = [...this.#findings.values()].slice(0, shownOperators).map(describe);
    const more = this.#findings.size - shown.length;
    const list = more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
    throw new WasiNNError(
      'unsupported-operation',
      `load: the ${this.#format} model has operators that cannot be converted: ${list}; convert the model to ONNX beforehand`,
    );
  }
}

function describe({ operator, reason, layers, count }: Finding): string {
  const what = reason ? `${show(operator)} (${reason})` : show(operator);
  const more = count > layers.length ? ` and ${count - layers.length} more` : '';
  return `${what} in ${layers.map(quote).join(', ')}${more}`;
}

/** Operators have plain names; whatever else a file has in their place is quoted. */
function show(operator: string): string {
  return /^[\w.:]{1,100}$/.test(operator) ? operator : quote(operator);
}
