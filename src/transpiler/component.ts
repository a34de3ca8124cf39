import type { ComponentInterface } from '../rpc/component-interface.js';
import { WasiNNError } from '../standard/error.js';
import { type BinaryReader, createBinaryReader } from './binary-reader.js';

const preamble = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
const section = { component: 4, instance: 5, alias: 6, import: 10, export: 11 };
const sort = { core: 0, function: 1, value: 2, type: 3, component: 4, instance: 5 };

/** Components are nested, but by what makes them only a level or two. */
const maxDepth = 8;

/**
 * Reads a component's imports and exports (Component Model, Binary.md).
 *
 * @throws WasiNNError `invalid-argument` for bytes that are no component
 */
export function readComponent(bytes: Uint8Array): ComponentInterface {
  return readNested(bytes, 0);
}

/** Something that has functions: of an instance, and of a component that instances are made of, all else is skipped. */
type Functions = readonly string[];

interface Sections {
  readonly imports: string[];
  readonly functions: string[];
  readonly interfaces: Map<string, Functions>;
  /** The component's index spaces: what a number that stands for a component or an instance means. */
  readonly components: Functions[];
  readonly instances: Functions[];
}

function readNested(bytes: Uint8Array, depth: number): ComponentInterface {
  if (preamble.some((byte, index) => bytes[index] !== byte)) throw notAComponent();
  const sections: Sections = { imports: [], functions: [], interfaces: new Map(), components: [], instances: [] };
  const reader = createBinaryReader(bytes, preamble.length);
  while (!reader.atEnd()) readSection(reader.byte(), reader.section(), sections, depth);
  const { imports, functions, interfaces } = sections;
  return { imports, functions, interfaces };
}

function readSection(id: number, content: Uint8Array, sections: Sections, depth: number): void {
  const reader = createBinaryReader(content);
  switch (id) {
    case section.component:
      sections.components.push(depth < maxDepth ? readNested(content, depth + 1).functions : []);
      return;
    case section.instance:
      // One after another: an instance may be made of the one before.
      reader.list(() => sections.instances.push(readInstance(reader, sections)));
      return;
    case section.alias:
      reader.list(() => enter(readAlias(reader), [], sections));
      return;
    case section.import:
      reader.list(() => addImport(reader, sections));
      return;
    case section.export:
      reader.list(() => addExport(reader, sections));
  }
}

function notAComponent(): WasiNNError {
  return new WasiNNError(
    'invalid-argument',
    'instantiate: expected a WebAssembly component or module, but the bytes are neither: check the URL',
  );
}

/** Whatever is imported, aliased or exported gets a number of its own. */
function enter(kind: number, functions: Functions, { components, instances }: Sections): void {
  if (kind === sort.component) components.push(functions);
  if (kind === sort.instance) instances.push(functions);
}

function addImport(reader: BinaryReader, sections: Sections): void {
  const name = readName(reader);
  const kind = readDescription(reader);
  enter(kind, [], sections);
  // Types that an imported interface defines are imported once more, by themselves: nobody has to provide those.
  if (kind !== sort.type) sections.imports.push(name);
}

function addExport(reader: BinaryReader, sections: Sections): void {
  const name = readName(reader);
  const { kind, index } = readReference(reader);
  if (reader.byte() === 1) readDescription(reader);
  const functions = kind === sort.instance ? (sections.instances[index] ?? []) : (sections.components[index] ?? []);
  enter(kind, functions, sections);
  if (kind === sort.function) sections.functions.push(name);
  if (kind === sort.instance) sections.interfaces.set(name, functions);
}

/** An instance, of which the functions matter: made of a component, or put together of things that exist. */
function readInstance(reader: BinaryReader, { components }: Sections): Functions {
  const isOfComponent = reader.byte() === 0;
  if (isOfComponent) {
    const functions = components[reader.number()] ?? [];
    reader.list(() => [reader.text(), readReference(reader)]);
    return functions;
  }
  const exports = reader.list(() => ({ name: readName(reader), ...readReference(reader) }));
  return exports.filter(({ kind }) => kind === sort.function).map(({ name }) => name);
}

/** A further number for something in an instance, or in a component around this one. */
function readAlias(reader: BinaryReader): number {
  const kind = readSort(reader);
  const isOuter = reader.byte() === 2;
  reader.number();
  if (isOuter) reader.number();
  else reader.text();
  return kind;
}

function readReference(reader: BinaryReader): { kind: number; index: number } {
  return { kind: readSort(reader), index: reader.number() };
}

function readSort(reader: BinaryReader): number {
  const kind = reader.byte();
  if (kind === sort.core) reader.byte();
  return kind;
}

function readName(reader: BinaryReader): string {
  reader.byte();
  return reader.text();
}

/** Reads an `externdesc`: what is imported or exported, of which only the sort matters here. */
function readDescription(reader: BinaryReader): number {
  const kind = readSort(reader);
  if (kind === sort.value || kind === sort.type) {
    const bound = reader.byte();
    const isSubResource = kind === sort.type && bound === 1;
    if (isSubResource) return kind;
  }
  reader.number();
  return kind;
}
