import type { Name } from './component-assembler.fixture.js';
import * as write from './component-assembler.fixture.js';

/** The places where a component has names, each with a name that is honest there. */
export const honestNames = {
  'core import module': 'host',
  'core import field': 'random',
  'core export': 'one',
  'core export of a memory': 'memory',
  'core export of an allocator': 'cabi_realloc',
  'core export of what comes after': 'cabi_post_text-function',
  'core custom section': 'producers',
  'nested core import module': 'inner',
  'nested core export': 'inner-one',
  'component custom section': 'component-name',
  'nested custom section': 'nested',
  'imported interface': 'wasi:random/random@0.2.0',
  'imported function': 'get-random-u64',
  'nested import': 'nested-import',
  'nested export': 'nested-export',
  'inline instance export': 'inline-export',
  'exported function': 'record-function',
  'exported interface': 'test:guest/api@1.0.0',
  'exported inline interface': 'test:guest/inline@1.0.0',
  record: 'point',
  'record field': 'x',
  variant: 'shape',
  'variant case': 'square',
  enum: 'colour',
  'enum label': 'red',
  flags: 'access',
  flag: 'read',
  parameter: 'given',
  resource: 'thing',
  'resource member': 'value',
  'static resource member': 'echo',
} as const satisfies Readonly<Record<string, Name>>;

export type Place = keyof typeof honestNames;

export const places = Object.keys(honestNames).filter((place): place is Place => place in honestNames);

const { core, coreSort, sort, value, componentSection: section } = write;
const localGet0 = [0x20, 0];
const localGet1 = [0x20, 1];
const i32 = core.i32;
const u32 = { primitive: value.u32 };

/** Where in its memory the guest has room for text, as the body of a function. */
const address = [0x41, 16];

/** A component that has a name at each of the places, and exports functions that return what they are given. */
export function componentWith(given: Partial<Readonly<Record<Place, Name>>>): Uint8Array<ArrayBuffer> {
  const names: Readonly<Record<Place, Name>> = { ...honestNames, ...given };
  const main = write.coreModule({
    types: [
      [[i32], [i32]],
      [[i32, i32], [i32]],
      [[], [core.i64]],
      [[i32, i32, i32, i32], [i32]],
      [[i32], []],
    ],
    imports: [[names['core import module'], names['core import field'], 2]],
    functions: [
      { type: 0, body: localGet0 },
      { type: 1, body: localGet1 },
      { type: 3, body: address },
      { type: 4, body: [] },
    ],
    exports: [
      [names['core export'], coreSort.function, 1],
      ['two', coreSort.function, 2],
      [names['core export of a memory'], coreSort.memory, 0],
      [names['core export of an allocator'], coreSort.function, 3],
      [names['core export of what comes after'], coreSort.function, 4],
    ],
    customSections: [names['core custom section']],
  });
  const one = 1;
  const two = 2;
  const allocator = 3;
  const afterwards = 4;
  const bytes = write.component([
    section.custom(names['component custom section']),
    section.types([
      write.instanceType([[names['imported function'], write.functionType([], { primitive: value.u64 })]]),
    ]),
    section.imports([write.importInstance(names['imported interface'], 0)]),
    section.aliases([write.aliasExport(sort.function, 0, names['imported function'])]),
    section.canons([write.lower(0)]),
    section.coreModule(main),
    section.coreInstances([
      write.coreExports([[names['core import field'], coreSort.function, 0]]),
      write.instantiateCore(0, [[names['core import module'], 0]]),
    ]),
    section.aliases([
      write.aliasCoreExport(coreSort.function, 1, names['core export']),
      write.aliasCoreExport(coreSort.function, 1, 'two'),
      write.aliasCoreExport(coreSort.memory, 1, names['core export of a memory']),
      write.aliasCoreExport(coreSort.function, 1, names['core export of an allocator']),
      write.aliasCoreExport(coreSort.function, 1, names['core export of what comes after']),
    ]),
    // Types 1 to 4, and 5 to 8 as they are imported: that is how types of a component's world have names.
    section.types([
      write.recordType([[names['record field'], u32]]),
      write.variantType([[names['variant case'], u32], ['round']]),
      write.enumType([names['enum label'], 'green']),
      write.flagsType([names.flag, 'write']),
    ]),
    section.imports([
      write.importType(names.record, 1),
      write.importType(names.variant, 2),
      write.importType(names.enum, 3),
      write.importType(names.flags, 4),
    ]),
    // Types 9 to 14.
    section.types([
      write.functionType([[names.parameter, 5]], u32),
      write.functionType([['given', 6]], u32),
      write.functionType([['given', 7]], u32),
      write.functionType([['given', 8]], u32),
      write.functionType([['given', u32]], u32),
      write.functionType([['given', { primitive: value.string }]], u32),
    ]),
    // Functions 1 to 6. The number that a text comes to is its length.
    section.canons([
      write.lift(one, 9),
      write.lift(two, 10),
      write.lift(one, 11),
      write.lift(one, 12),
      write.lift(one, 13),
      write.lift(two, 14, [
        write.liftOption.memory(0),
        write.liftOption.realloc(allocator),
        write.liftOption.postReturn(afterwards),
      ]),
    ]),
    section.exports([
      write.exported(names['exported function'], sort.function, 1),
      write.exported('variant-function', sort.function, 2),
      write.exported('enum-function', sort.function, 3),
      write.exported('flags-function', sort.function, 4),
      write.exported('text-function', sort.function, 6),
    ]),
    // Functions 7 to 11 are those that were exported.
    section.component(nestedComponent(names)),
    section.instances([
      write.instantiate(0, [[names['nested import'], sort.function, 5]]),
      write.instanceExports([[names['inline instance export'], 5]]),
    ]),
    section.exports([
      write.exported(names['exported interface'], sort.instance, 1),
      write.exported(names['exported inline interface'], sort.instance, 2),
    ]),
    // Core function 5 makes handles. Functions 12 to 14.
    section.types([write.resourceType, write.ownType(15), write.borrowType(15)]),
    section.canons([write.resourceNew(15)]),
    section.types([write.functionType([['given', u32]], 16), write.functionType([['self', 17]], u32)]),
    section.canons([write.lift(5, 18), write.lift(one, 19), write.lift(one, 13)]),
    section.component(resourceInterface(names)),
    section.instances([
      write.instantiate(1, [
        ['import-type', sort.type, 15],
        ['import-constructor', sort.function, 12],
        ['import-method', sort.function, 13],
        ['import-static', sort.function, 14],
      ]),
    ]),
    section.exports([write.exported('test:guest/resources@1.0.0', sort.instance, 5)]),
  ]);
  return Uint8Array.from(bytes);
}

/** What makes an instance with a resource of functions for it. */
function resourceInterface(names: Readonly<Record<Place, Name>>): write.Bytes {
  return write.component([
    section.imports([write.importResource('import-type')]),
    section.types([
      write.ownType(0),
      write.borrowType(0),
      write.functionType([['given', u32]], 1),
      write.functionType([['self', 2]], u32),
      write.functionType([['given', u32]], u32),
    ]),
    section.imports([
      write.importFunction('import-constructor', 3),
      write.importFunction('import-method', 4),
      write.importFunction('import-static', 5),
    ]),
    section.exports([write.exported(names.resource, sort.type, 0)]),
    section.types([
      write.ownType(6),
      write.borrowType(6),
      write.functionType([['given', u32]], 7),
      write.functionType([['self', 8]], u32),
    ]),
    section.exports([
      write.exportedAs(prefixed('[constructor]', names.resource), 0, 9),
      write.exportedAs(prefixed('[method]', names.resource, names['resource member']), 1, 10),
      write.exportedAs(prefixed('[static]', names.resource, names['static resource member']), 2, 5),
    ]),
  ]);
}

/** A component in the component: it exports the function that it imports, and has a core module of its own. */
function nestedComponent(names: Readonly<Record<Place, Name>>): write.Bytes {
  const module = write.coreModule({
    types: [[[i32], [i32]]],
    imports: [[names['nested core import module'], names['nested core export'], 0]],
    functions: [{ type: 0, body: localGet0 }],
    exports: [[names['nested core export'], coreSort.function, 0]],
    customSections: [],
  });
  return write.component([
    section.custom(names['nested custom section']),
    section.types([write.functionType([['given', u32]], u32)]),
    section.imports([write.importFunction(names['nested import'], 0)]),
    section.canons([write.lower(0)]),
    section.coreModule(module),
    section.coreInstances([
      write.coreExports([[names['nested core export'], coreSort.function, 0]]),
      write.instantiateCore(0, [[names['nested core import module'], 0]]),
    ]),
    section.aliases([write.aliasCoreExport(coreSort.function, 1, names['nested core export'])]),
    section.canons([write.lift(1, 0)]),
    section.exports([write.exported(names['nested export'], sort.function, 1)]),
  ]);
}

/** The name of a resource's function: a prefix, the resource's name, and that of the function where it has one. */
function prefixed(prefix: string, ...names: readonly Name[]): Name {
  const encode = (name: Name) => (typeof name === 'string' ? new TextEncoder().encode(name) : name);
  const dotted = names.flatMap((name, index) => (index === 0 ? [...encode(name)] : [0x2e, ...encode(name)]));
  return Uint8Array.of(...encode(prefix), ...dotted);
}
