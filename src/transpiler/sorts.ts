import { WasiNNError } from '../standard/error.js';
import type { BinaryReader } from './binary-reader.js';

/** What has a number of its own in a component. */
export const sort = { core: 0, function: 1, value: 2, type: 3, component: 4, instance: 5 } as const;

export const coreSort = {
  function: 0x00,
  table: 0x01,
  memory: 0x02,
  global: 0x03,
  tag: 0x04,
  type: 0x10,
  module: 0x11,
  instance: 0x12,
} as const;

/** Reads a sort, with the core sort that follows where it is `core`. */
export function readSort(reader: BinaryReader): number {
  const kind = reader.byte();
  if (kind > sort.instance || kind === sort.value) throw unsupported(`a thing of kind ${kind}`, reader.position());
  if (kind === sort.core) readCoreSort(reader);
  return kind;
}

export function readCoreSort(reader: BinaryReader): number {
  const kind = reader.byte();
  if (Object.values(coreSort).some((known) => known === kind)) return kind;
  throw unsupported(`a core thing of kind ${kind}`, reader.position());
}

/** @param offset where that is, in bytes */
export function unsupported(what: string, offset: number): WasiNNError {
  return new WasiNNError(
    'unsupported-operation',
    `instantiate: the component has ${what} (at byte ${offset}), which is not supported here: build it with the tools of WASI 0.2`,
  );
}
