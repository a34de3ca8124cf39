/** A function that a guest exports. */
export type RemoteFunction = (...values: never[]) => Promise<unknown>;

/** A function, or what has functions: an interface, a resource. */
export type GuestExport = RemoteFunction & { readonly [name: string]: GuestExport };

/**
 * The functions that a guest exports, by their names in camel case; a core module's also by their own names. Those in
 * an exported interface stand in an object by the interface's full name: `exports['my:package/api@1.0.0'].classify`.
 * A resource is an object with its static functions, and its constructor as `create`, which resolves to a handle (see
 * `GuestResource`): `exports['my:package/api@1.0.0'].Classifier.create('digits')`.
 */
export type GuestExports = Readonly<Record<string, GuestExport>>;

/** A running guest. */
export interface Guest<Exports extends object = GuestExports> {
  /**
   * Calls into the guest, which answers from its own thread. Values follow jco's mapping of WIT: records are objects,
   * enums strings, `list<u8>` a Uint8Array. A WIT result resolves to its value or rejects with a {@link GuestError}.
   * A handle that is passed as `own` is given away; it rejects with a WasiNNError `invalid-argument` from then on.
   * Bytes are copied, unless they are marked with `transfer`; those that went with an earlier call are refused with
   * `invalid-argument`, as is what cannot be copied. Calls run one after another, in the order in which they were made.
   */
  readonly exports: Exports;
  /** A core module's memory, where it exports one as `memory`: what its functions' pointers point into. */
  readonly memory?: GuestMemory;
  /** Ends the guest's thread, and gives back its graphs. Calls under way are rejected; disposing twice is harmless. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/**
 * The memory of a guest, across threads. Addresses and lengths are in bytes. Reads and writes take turns with the calls of
 * functions, in the order in which they were made.
 */
export interface GuestMemory {
  /** @throws WasiNNError `invalid-argument` outside of the memory */
  read(address: number, length: number): Promise<Uint8Array>;
  /** @throws WasiNNError `invalid-argument` outside of the memory */
  write(address: number, bytes: Uint8Array): Promise<void>;
}
