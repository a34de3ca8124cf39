import type { ImportedModel } from '../../importers/importer.js';
import { type ImportedEncoding, importerVersions } from '../../importers/versions.js';
import type { GraphBuilder } from '../../standard/graph.js';
import type { DeclaredTensors, TensorShape } from '../../standard/tensor.js';
import type { Conversions } from '../backend.js';
import { readConverted, readDeclaration, writeConverted, writeDeclaration } from './converted-file.js';

/** The conversions of one model by one version of its importer. It does not report whether something could be kept. */
export interface KeptConversions {
  /** @param shapes the types and shapes of the inputs, where the model is converted for these alone */
  findModel(shapes?: readonly TensorShape[]): Promise<ImportedModel | undefined>;
  keepModel(model: ImportedModel, shapes?: readonly TensorShape[]): void;
  /** What a program declares of its inputs. */
  findInputs(): Promise<DeclaredTensors | undefined>;
  keepInputs(inputs: DeclaredTensors): void;
}

const keptNowhere: KeptConversions = {
  findModel: async () => undefined,
  keepModel: () => undefined,
  findInputs: async () => undefined,
  keepInputs: () => undefined,
};

/**
 * Finds out under which keys conversions of a model are kept. They depend on the bytes of all of its parts.
 *
 * @param conversions absent where nothing of this model is kept
 */
export async function keptConversions(
  encoding: ImportedEncoding,
  parts: readonly GraphBuilder[],
  conversions: Conversions | undefined,
): Promise<KeptConversions> {
  const original = conversions && (await digestOfAll(parts));
  if (!original) return keptNowhere;

  const find = async <Content>(what: unknown, read: (key: string, bytes: GraphBuilder) => Content) => {
    const key = await keyFor(encoding, original, what);
    const bytes = await conversions.find(key);
    return bytes && read(key, bytes);
  };
  const keep = (what: unknown, write: (key: string) => readonly GraphBuilder[]) => {
    keyFor(encoding, original, what)
      .then((key) => conversions.keep(key, write(key)))
      // There is no memory for it.
      .catch(() => undefined);
  };
  return {
    findModel: (shapes) => find(shapesOf(shapes), readConverted),
    keepModel: (model, shapes) => keep(shapesOf(shapes), (key) => writeConverted(key, model)),
    findInputs: () => find('inputs', readDeclaration),
    keepInputs: (inputs) => keep('inputs', (key) => writeDeclaration(key, inputs)),
  };
}

function shapesOf(shapes: readonly TensorShape[] = []): unknown {
  return shapes.map(({ type, dimensions }) => [type, dimensions]);
}

async function keyFor(encoding: ImportedEncoding, original: string, what: unknown): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([original, what]));
  return `${encoding}-${importerVersions[encoding]}-${toHex(await crypto.subtle.digest('SHA-256', text))}`;
}

/** @returns nothing where the browser makes no digests: on insecure pages, or of more than it has memory for */
async function digestOfAll(parts: readonly GraphBuilder[]): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const digests: string[] = [];
  // One after another, since the browser copies what it makes a digest of.
  for (const part of parts) {
    const digest = await crypto.subtle.digest('SHA-256', part).catch(() => undefined);
    if (!digest) return undefined;
    digests.push(toHex(digest));
  }
  return digests.join(' ');
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
