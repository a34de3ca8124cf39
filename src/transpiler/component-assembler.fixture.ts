/** Writes WebAssembly's binary formats by hand (core specification; Component Model, Binary.md). Nothing is checked. */

/** A name as its text, or as bytes that need not be UTF-8. */
export type Name = string | Uint8Array;

export type Bytes = readonly number[];

/** The kinds of things that have numbers of their own in a component; core kinds in a core module or core instance. */
export const coreSort = { function: 0, memory: 2 } as const;
export const sort = { function: 1, type: 3, component: 4, instance: 5 } as const;

/** Core value types. */
export const core = { i32: 0x7f, i64: 0x7e } as const;

/** Value types of components. */
export const value = { u32: 0x79, u64: 0x77, string: 0x73 } as const;

/** An unsigned number (LEB128). */
export function number(number: number): Bytes {
  const bytes: number[] = [];
  let left = number;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  return [...bytes, left];
}

export function list(items: readonly Bytes[]): Bytes {
  return [...number(items.length), ...items.flat()];
}

export function text(name: Name): Bytes {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name;
  return [...number(bytes.byteLength), ...bytes];
}

/** The name of an import or export of a component, which has a byte in front. */
export function externName(name: Name): Bytes {
  return [0, ...text(name)];
}

function section(id: number, content: Bytes): Bytes {
  return [id, ...number(content.length), ...content];
}

export function customSection(name: Name, content: Bytes = []): Bytes {
  return section(0, [...text(name), ...content]);
}

/** A core module of functions that all have one body. */
export interface CoreModule {
  /** Parameters and results. */
  readonly types: readonly (readonly [parameters: Bytes, results: Bytes])[];
  readonly imports: readonly (readonly [module: Name, field: Name, type: number])[];
  readonly functions: readonly { readonly type: number; readonly body: Bytes }[];
  readonly exports: readonly (readonly [name: Name, sort: number, index: number])[];
  readonly customSections: readonly Name[];
}

export function coreModule({ types, imports, functions, exports, customSections }: CoreModule): Bytes {
  const functionType = ([parameters, results]: readonly [Bytes, Bytes]) => [
    0x60,
    ...list(parameters.map((type) => [type])),
    ...list(results.map((type) => [type])),
  ];
  return [
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...customSections.flatMap((name) => customSection(name)),
    ...section(1, list(types.map(functionType))),
    ...section(2, list(imports.map(([module, field, type]) => [...text(module), ...text(field), 0, ...number(type)]))),
    ...section(3, list(functions.map(({ type }) => number(type)))),
    ...section(5, list([[0, 1]])),
    ...section(7, list(exports.map(([name, sort, index]) => [...text(name), sort, ...number(index)]))),
    ...section(10, list(functions.map(({ body }) => [...number(body.length + 2), 0, ...body, 0x0b]))),
  ];
}

/** A component of sections, in the order in which they are given. */
export function component(sections: readonly Bytes[]): Bytes {
  return [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00, ...sections.flat()];
}

export const componentSection = {
  coreModule: (module: Bytes) => section(1, module),
  coreInstances: (instances: readonly Bytes[]) => section(2, list(instances)),
  component: (nested: Bytes) => section(4, nested),
  instances: (instances: readonly Bytes[]) => section(5, list(instances)),
  aliases: (aliases: readonly Bytes[]) => section(6, list(aliases)),
  types: (types: readonly Bytes[]) => section(7, list(types)),
  canons: (canons: readonly Bytes[]) => section(8, list(canons)),
  imports: (imports: readonly Bytes[]) => section(10, list(imports)),
  exports: (exports: readonly Bytes[]) => section(11, list(exports)),
  custom: customSection,
} as const;

/** A core module's instance, with instances for its imports. */
export function instantiateCore(module: number, args: readonly (readonly [name: Name, instance: number])[]): Bytes {
  return [0, ...number(module), ...list(args.map(([name, instance]) => [...text(name), 0x12, ...number(instance)]))];
}

/** A core instance that is put together of things that exist. */
export function coreExports(exports: readonly (readonly [name: Name, sort: number, index: number])[]): Bytes {
  return [1, ...list(exports.map(([name, sort, index]) => [...text(name), sort, ...number(index)]))];
}

/** A component's instance, with what its imports are. */
export function instantiate(
  nested: number,
  args: readonly (readonly [name: Name, sort: number, index: number])[],
): Bytes {
  return [0, ...number(nested), ...list(args.map(([name, sort, index]) => [...text(name), sort, ...number(index)]))];
}

/** An instance that is put together of functions that exist. */
export function instanceExports(exports: readonly (readonly [name: Name, functionIndex: number])[]): Bytes {
  return [1, ...list(exports.map(([name, index]) => [...externName(name), sort.function, ...number(index)]))];
}

export function aliasExport(kind: number, instance: number, name: Name): Bytes {
  return [kind, 0, ...number(instance), ...text(name)];
}

export function aliasCoreExport(kind: number, instance: number, name: Name): Bytes {
  return [0, kind, 1, ...number(instance), ...text(name)];
}

/** @param type the number of a type, or a primitive value type */
export type TypeReference = number | { readonly primitive: number };

function reference(type: TypeReference): Bytes {
  return typeof type === 'number' ? signed(type) : [type.primitive];
}

/** A number of a type, which shares its place with the codes of primitive types: those are negative there. */
function signed(index: number): Bytes {
  return index < 0x40 ? [index] : [(index % 0x80) | 0x80, ...signed(Math.floor(index / 0x80))];
}

export function functionType(
  parameters: readonly (readonly [name: Name, type: TypeReference])[],
  result?: TypeReference,
): Bytes {
  const written = parameters.map(([name, type]) => [...text(name), ...reference(type)]);
  return [0x40, ...list(written), ...(result === undefined ? [1, 0] : [0, ...reference(result)])];
}

export function recordType(fields: readonly (readonly [name: Name, type: TypeReference])[]): Bytes {
  return [0x72, ...list(fields.map(([name, type]) => [...text(name), ...reference(type)]))];
}

export function variantType(cases: readonly (readonly [name: Name, type?: TypeReference])[]): Bytes {
  const payload = (type: TypeReference | undefined) => (type === undefined ? [0] : [1, ...reference(type)]);
  return [0x71, ...list(cases.map(([name, type]) => [...text(name), ...payload(type), 0]))];
}

export function flagsType(labels: readonly Name[]): Bytes {
  return [0x6e, ...list(labels.map(text))];
}

export function enumType(labels: readonly Name[]): Bytes {
  return [0x6d, ...list(labels.map(text))];
}

export function listType(element: TypeReference): Bytes {
  return [0x70, ...reference(element)];
}

export function ownType(resource: number): Bytes {
  return [0x69, ...number(resource)];
}

export function borrowType(resource: number): Bytes {
  return [0x68, ...number(resource)];
}

/** A resource that its component represents by an i32. */
export const resourceType: Bytes = [0x3f, core.i32, 0];

/** The type of an instance that exports functions. */
export function instanceType(functions: readonly (readonly [name: Name, type: Bytes])[]): Bytes {
  const declarations = functions.flatMap(([name, type], index) => [
    [1, ...type],
    [4, ...externName(name), sort.function, ...number(index)],
  ]);
  return [0x42, ...list(declarations)];
}

export function importInstance(name: Name, type: number): Bytes {
  return [...externName(name), sort.instance, ...number(type)];
}

export function importFunction(name: Name, type: number): Bytes {
  return [...externName(name), sort.function, ...number(type)];
}

/** Imports a type that must be the same as another. */
export function importType(name: Name, type: number): Bytes {
  return [...externName(name), sort.type, 0, ...number(type)];
}

export function importResource(name: Name): Bytes {
  return [...externName(name), sort.type, 1];
}

export function exported(name: Name, kind: number, index: number): Bytes {
  return [...externName(name), kind, ...number(index), 0];
}

/** Exports a function with a type of its own. */
export function exportedAs(name: Name, index: number, type: number): Bytes {
  return [...externName(name), sort.function, ...number(index), 1, sort.function, ...number(type)];
}

/** Makes a core function of a component's function. */
export function lower(functionIndex: number): Bytes {
  return [1, 0, ...number(functionIndex), ...list([])];
}

/** Makes a component's function of a core function. */
export function lift(coreFunction: number, type: number, options: readonly Bytes[] = []): Bytes {
  return [0, 0, ...number(coreFunction), ...list(options), ...number(type)];
}

/** Options of {@link lift}: the memory that values are in, what makes room there, and what is called after a call. */
export const liftOption = {
  memory: (memory: number): Bytes => [3, ...number(memory)],
  realloc: (coreFunction: number): Bytes => [4, ...number(coreFunction)],
  postReturn: (coreFunction: number): Bytes => [5, ...number(coreFunction)],
} as const;

export const resourceNew = (resource: number): Bytes => [2, ...number(resource)];
