import { ProtobufWriter } from '../onnx/protobuf-writer.js';

// Graphs for tests, written field by field.

export type Write = (writer: ProtobufWriter) => void;

function attribute(writer: ProtobufWriter, key: string, write: Write): void {
  writer.message(5, () => {
    writer.text(1, key);
    writer.message(2, () => write(writer));
  });
}

/** @param attributes what writes each attribute's `AttrValue` */
export function nodeDef(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Write>> = {},
): Write {
  return (writer) => {
    writer.text(1, name);
    writer.text(2, op);
    for (const input of inputs) writer.text(3, input);
    for (const [key, write] of Object.entries(attributes)) attribute(writer, key, write);
  };
}

function shape(writer: ProtobufWriter, field: number, dims: readonly number[]): void {
  writer.message(field, () => {
    for (const length of dims) writer.message(2, () => writer.int(1, length));
  });
}

const float32 = 1;
const int32 = 3;

export const typeAttribute =
  (type: number): Write =>
  (writer) =>
    writer.int(6, type);

export const integersAttribute =
  (values: readonly number[]): Write =>
  (writer) =>
    writer.message(1, () => {
      for (const value of values) writer.int(3, value);
    });

export const integerAttribute =
  (value: number): Write =>
  (writer) =>
    writer.int(3, value);

export const functionAttribute =
  (name: string): Write =>
  (writer) =>
    writer.message(10, () => writer.text(1, name));

export function placeholder(name: string, dims: readonly number[]): Write {
  return nodeDef(name, 'Placeholder', [], {
    dtype: typeAttribute(float32),
    shape: (writer) => shape(writer, 7, dims),
  });
}

/** A constant of 32-bit integers: without axes where there is one. */
export function constNode(
  name: string,
  values: readonly number[],
  dims = values.length === 1 ? [] : [values.length],
): Write {
  return nodeDef(name, 'Const', [], {
    dtype: typeAttribute(int32),
    value: (writer) =>
      writer.message(8, () => {
        writer.int(1, int32);
        shape(writer, 2, dims);
        for (const value of values) writer.int(7, value);
      }),
  });
}

export interface TestFunction {
  readonly name: string;
  readonly inputs: readonly string[];
  /** Each result's name, and what it is. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly nodes: readonly Write[];
}

export function graphDef(nodes: readonly Write[], functions: readonly TestFunction[] = []): Uint8Array<ArrayBuffer> {
  const writer = new ProtobufWriter();
  for (const node of nodes) writer.message(1, () => node(writer));
  writer.message(2, () => {
    for (const definition of functions) writer.message(1, () => writeFunction(writer, definition));
  });
  return writer.finish();
}

function writeFunction(writer: ProtobufWriter, { name, inputs, outputs, nodes }: TestFunction): void {
  writer.message(1, () => {
    writer.text(1, name);
    for (const input of inputs) writer.message(2, () => writer.text(1, input));
    for (const output of Object.keys(outputs)) writer.message(3, () => writer.text(1, output));
  });
  for (const node of nodes) writer.message(3, () => node(writer));
  for (const [key, value] of Object.entries(outputs)) {
    writer.message(4, () => {
      writer.text(1, key);
      writer.text(2, value);
    });
  }
}
