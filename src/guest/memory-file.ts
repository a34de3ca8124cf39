/** How many bytes the files that a guest writes may take, beyond those that the page gave it. */
export const maxFileBytes = 256 << 20;

/** What an entry of a folder counts for, besides the bytes in it: a guest must not make any number of empty files. */
const entryBytes = 1024;

/** How much room a file gets at most that it does not need yet. */
const maxSpareBytes = 16 << 20;

/** Thrown where a guest's files would take more than there is. */
export class OutOfSpaceError extends Error {
  override readonly name = 'OutOfSpaceError';

  constructor() {
    super(`the files that the guest writes take more than ${maxFileBytes} bytes`);
  }
}

/** The room for the files of one guest. */
export class FileSpace {
  #left: number;

  /** @param limit in bytes */
  constructor(limit: number = maxFileBytes) {
    this.#left = limit;
  }

  /** @throws OutOfSpaceError */
  take(bytes: number): void {
    // A NaN, as the sum of absurd offsets may be, does not pass.
    if (!(bytes <= this.#left)) throw new OutOfSpaceError();
    this.#left -= bytes;
  }

  get left(): number {
    return this.#left;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }

  /** @throws OutOfSpaceError */
  takeEntry(name: string): void {
    this.take(entryBytes + name.length);
  }

  giveEntry(name: string): void {
    this.give(entryBytes + name.length);
  }
}

/**
 * A file in memory, which grows within a {@link FileSpace}. Folders and open handles hold it; when the last of them lets
 * go, its bytes no longer count.
 */
export class MemoryFile {
  readonly #space: FileSpace;
  /** The file, and room to grow after it. */
  #room: Uint8Array<ArrayBuffer>;
  #byteLength: number;
  /** Whether nobody else has the bytes: the page may give the same ones under two names. */
  #isOwn = false;
  /** How many bytes the page gave; as many count for nothing. */
  readonly #given: number;
  /** Whether the guest has made it. */
  readonly #isNew: boolean;
  /** How many bytes of the space it takes. */
  #counted = 0;
  #holders = 0;

  /** @param given the bytes that the page gave. Default: the guest makes the file, empty */
  constructor(space: FileSpace, given?: Uint8Array<ArrayBuffer>) {
    const bytes = given ?? new Uint8Array();
    this.#space = space;
    this.#isNew = given === undefined;
    this.#room = bytes;
    this.#byteLength = bytes.byteLength;
    this.#given = bytes.byteLength;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Whether the guest has made or changed it. */
  get isWritten(): boolean {
    return this.#isNew || this.#isOwn;
  }

  hold(): void {
    // A file that is moved has no holder for a moment. It takes its space back then, whatever is left.
    if (this.#holders++ === 0) this.#space.give(-this.#counted);
  }

  release(): void {
    if (--this.#holders === 0) this.#space.give(this.#counted);
  }

  /** A copy of the bytes from `offset`, of which there may be fewer. */
  read(offset: number, byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#room.slice(offset, Math.min(offset + byteLength, this.#byteLength));
  }

  /**
   * Writes bytes at any offset; a gap before them reads as zeros.
   *
   * @throws OutOfSpaceError
   */
  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.byteLength;
    this.#reserve(end);
    this.#room.set(bytes, offset);
    this.#byteLength = Math.max(this.#byteLength, end);
  }

  /** @throws OutOfSpaceError */
  resize(byteLength: number): void {
    this.#reserve(byteLength);
    if (byteLength < this.#byteLength) this.#room.fill(0, byteLength, this.#byteLength);
    this.#byteLength = byteLength;
  }

  /** Gets room for a length and as much again, so that appending costs the same however long the file is. */
  #reserve(byteLength: number): void {
    const current = this.#room.byteLength;
    if (this.#isOwn && byteLength <= current) return;
    const more = Math.max(current, byteLength + Math.min(byteLength, maxSpareBytes));
    const capacity =
      byteLength <= current || this.#toCount(more) > this.#space.left ? Math.max(current, byteLength) : more;
    const additional = this.#toCount(capacity);
    this.#space.take(additional);
    this.#counted += additional;
    const room = new Uint8Array(capacity);
    room.set(this.#room.subarray(0, this.#byteLength));
    this.#room = room;
    this.#isOwn = true;
  }

  /** How many bytes of the space a capacity takes that the file has not taken yet. */
  #toCount(capacity: number): number {
    return Math.max(0, capacity - this.#given) - this.#counted;
  }
}
