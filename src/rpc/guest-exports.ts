/** The most functions that a guest exports, by all their names, and the most UTF-16 code units of these together. */
export const maxExportedFunctions = 20_000;
export const maxExportedCharacters = 1 << 20;

export type GuestFunction = (...values: readonly unknown[]) => unknown;

/** How a program has ended. */
export interface ProgramEnd {
  readonly exitCode: number;
  /** The files that it has made or changed, by their paths. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** An instantiated guest, in its own thread. */
export interface Instance {
  /** The exported functions, by their names in camel case, see {@link qualify}; each may answer with a promise. */
  readonly functions: ReadonlyMap<string, GuestFunction>;
  /** Runs the guest as a program, where it is one. */
  readonly run?: () => Promise<ProgramEnd>;
  /** A core module's memory, where it exports one. */
  readonly memory?: WebAssembly.Memory;
}

/** The name of a function that an exported interface holds: `wasi:cli/run@0.2.12#run`. */
export function qualify(interfaceName: string, name: string): string {
  return `${interfaceName}#${name}`;
}

/** Where a function goes among a guest's exports: `['wasi:cli/run@0.2.12', 'run']`. */
export function pathOf(qualified: string): readonly string[] {
  return qualified.split('#');
}

/** `load-by-name`, and `load_by_name` likewise, as JavaScript spells it: `loadByName`. */
export function camelCase(name: string): string {
  return name.replace(/(?<=.)[-_]([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A member of something whose type is not known here, as a function. */
export function functionOf(holder: unknown, name: string): GuestFunction | undefined {
  const member: unknown = typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined;
  return typeof member === 'function' ? (...values) => Reflect.apply(member, undefined, values) : undefined;
}
