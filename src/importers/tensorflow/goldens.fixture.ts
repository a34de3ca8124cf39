import { readFileSync } from 'node:fs';
import type { ElementType } from '../onnx/element-types.js';
import type { Tensor } from '../onnx/model.js';

// Models and what TensorFlow answers with for them; goldens/generate.py has made them.

interface Encoded {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: string;
}

type EncodedTensors = Readonly<Record<string, Encoded>>;

export interface Golden {
  readonly name: string;
  readonly parts: readonly Uint8Array<ArrayBuffer>[];
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** By the names that the original has for them. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface Line {
  readonly name?: string;
  readonly graph?: string;
  readonly parts?: readonly string[];
  readonly inputs: EncodedTensors;
  readonly outputs: EncodedTensors;
}

/** One graph for each operator. */
export function operatorGoldens(): readonly Golden[] {
  return readGoldens('operators.jsonl');
}

export function savedModelGolden(): Golden {
  const [golden] = readGoldens('saved-model.jsonl');
  if (!golden) throw new Error('saved-model.jsonl is empty');
  return golden;
}

function readGoldens(file: string): readonly Golden[] {
  const text = readFileSync(new URL(`goldens/${file}`, import.meta.url), 'utf8');
  return text.trim().split('\n').map(readGolden);
}

function readGolden(line: string): Golden {
  const { name = '', graph, parts = graph === undefined ? [] : [graph], inputs, outputs }: Line = JSON.parse(line);
  return { name, parts: parts.map(bytesOf), inputs: decodeAll(inputs), outputs: decodeAll(outputs) };
}

function decodeAll(tensors: EncodedTensors): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, dims, data }]) => [name, { type, dims, data: bytesOf(data) }]),
  );
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
