import * as write from './component-assembler.fixture.js';

/** The code of an element's type in WIT. */
const elements = { u8: 0x7d, u16: 0x7b, u32: 0x79, s64: 0x78, u64: 0x77, f64: 0x75 } as const;

/**
 * A component with a function `numbers` that says of the list that it returns how long it is, and does not mind how long
 * its memory is: 64 KiB.
 *
 * @param start where the list begins, in bytes
 * @param length how many elements it says that there are
 */
export function componentWithList(
  element: keyof typeof elements,
  start: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const { core, coreSort, sort, componentSection: section } = write;
  const result = 8;
  const constant = (value: number) => [0x41, ...signedNumber(value | 0)];
  const store = (address: number, value: number) => [...constant(address), ...constant(value), 0x36, 2, 0];
  const module = write.coreModule({
    types: [[[], [core.i32]]],
    imports: [],
    functions: [{ type: 0, body: [...store(result, start), ...store(result + 4, length), ...constant(result)] }],
    exports: [
      ['numbers', coreSort.function, 0],
      ['memory', coreSort.memory, 0],
    ],
    customSections: [],
  });
  const bytes = write.component([
    section.coreModule(module),
    section.coreInstances([write.instantiateCore(0, [])]),
    section.aliases([
      write.aliasCoreExport(coreSort.function, 0, 'numbers'),
      write.aliasCoreExport(coreSort.memory, 0, 'memory'),
    ]),
    section.types([write.listType({ primitive: elements[element] }), write.functionType([], 0)]),
    section.canons([write.lift(0, 1, [write.liftOption.memory(0)])]),
    section.exports([write.exported('numbers', sort.function, 0)]),
  ]);
  return Uint8Array.from(bytes);
}

/** A signed number of 32 bits (LEB128). */
function signedNumber(number: number): write.Bytes {
  const rest = number >> 7;
  const isLast = (rest === 0 && (number & 0x40) === 0) || (rest === -1 && (number & 0x40) !== 0);
  return isLast ? [number & 0x7f] : [(number & 0x7f) | 0x80, ...signedNumber(rest)];
}
