import { WasiNNError } from '../standard/error.js';
import { chunkBytes, GoneError } from './cache.js';
import { type FileRecord, strongValidator, toValidators, type Validators } from './cache-database.js';
import { createDigest, type Digest } from './digest.js';
import { GrowingBytes } from './growing-bytes.js';
import type { RemotePart } from './model-options.js';
import type { ModelStore } from './model-store.js';
import { shownUrl } from './model-url.js';
import { type FileBody, htmlError, isForeign, type KnownBytes } from './request.js';

export interface IncomingFileOptions {
  readonly part: RemotePart;
  readonly key: string;
  readonly store: ModelStore;
  /** Whether the bytes are wanted in memory too; otherwise in the cache alone. */
  readonly wanted: boolean;
  /** Whether the cache is to have the file. Default: yes. */
  readonly keeps?: boolean;
}

/** The bytes that came are not the file that was expected. */
export class MismatchError extends WasiNNError {}

/** Which version of the file has come so far. */
interface Version extends Validators {
  readonly url: string;
  readonly resumable: boolean;
}

/** A file on its way: into chunks for the cache, into a digest, and into memory where it is wanted. */
export class IncomingFile {
  readonly #options: IncomingFileOptions;
  readonly #chunk = new Uint8Array(chunkBytes);
  /** False from when the cache has refused the file. */
  #mayBeKept: boolean;
  #bytes = new GrowingBytes();
  readonly #digest: Digest | undefined;
  #version: Version | undefined;
  #announced: number | undefined;
  #received = 0;
  #stored = 0;
  /** Whether the cache has what is stored. */
  #isKept = false;

  private constructor(options: IncomingFileOptions, digest: Digest | undefined) {
    this.#options = options;
    this.#digest = digest;
    this.#mayBeKept = options.keeps ?? true;
  }

  static async open(options: IncomingFileOptions): Promise<IncomingFile> {
    return new IncomingFile(options, options.part.sha256 === undefined ? undefined : await createDigest());
  }

  /** How many bytes have come. */
  get received(): number {
    return this.#received;
  }

  /** How many bytes come in all, where that is known. */
  get total(): number | undefined {
    return this.#options.part.size ?? this.#announced;
  }

  /** Takes up what an older visit has left of the file. */
  async resume(record: FileRecord | undefined): Promise<void> {
    if (!record) return;
    const { received, resumable, url, etag, lastModified, total } = record;
    const isWhole = received === (this.#options.part.size ?? total);
    if (!resumable || record.chunkBytes !== chunkBytes || (received % chunkBytes !== 0 && !isWhole)) return;
    this.#version = { url, resumable, ...toValidators({ etag, lastModified }) };
    this.#announced = total;
    this.#isKept = true;
    if (await this.#options.store.read(record, (chunk) => this.#take(chunk))) this.#stored = this.#received;
    else this.#restart();
  }

  /** What need not be asked for again from a URL. */
  known(url: string): KnownBytes | undefined {
    // With a digest, bytes of whatever version can be tried; without, only those of one that can be told from others.
    const hasDigest = this.#options.part.sha256 !== undefined;
    const version = this.#version?.resumable && this.#version.url === url ? this.#version : undefined;
    if (this.#received === 0 || !(version || hasDigest)) return undefined;
    return { ...(version ? toValidators(version) : {}), bytes: this.#received, hasDigest };
  }

  /**
   * Takes notice of an answer before its body comes.
   *
   * @throws MismatchError where its length is wrong
   */
  begin(url: string, { kind, completion, encoded, total }: FileBody): void {
    const { size, sha256 } = this.#options.part;
    // Another origin hides that its answer is compressed, and sends the length of that.
    if (size !== undefined && total !== undefined && total !== size && !isForeign(url)) {
      throw new MismatchError('runtime-error', `${shownUrl(url)} has ${total} bytes, not the ${size} of the registry`);
    }
    if (kind === 'rest') {
      this.#requireRest(url, total);
      this.#announced = total ?? this.#announced;
      return;
    }
    this.#restart();
    const { etag, lastModified } = completion;
    const hasVersion = strongValidator(completion) !== undefined;
    this.#announced = total;
    this.#version = {
      url,
      resumable: sha256 !== undefined || (hasVersion && !encoded),
      ...toValidators({ etag, lastModified }),
    };
  }

  /**
   * @throws MismatchError for a byte more than the registry says; WasiNNError for an HTML page in the file's place, and
   *   where the bytes can be put nowhere
   */
  async write(url: string, bytes: Uint8Array): Promise<void> {
    const { size } = this.#options.part;
    if (this.#received === 0 && isHtml(bytes)) throw htmlError(url);
    if (size !== undefined && this.#received + bytes.byteLength > size) {
      throw new MismatchError('runtime-error', `${shownUrl(url)} has more than the ${size} bytes of the registry`);
    }
    for (let rest = bytes; rest.byteLength > 0; ) {
      const filled = this.#received % chunkBytes;
      const piece = rest.subarray(0, chunkBytes - filled);
      this.#chunk.set(piece, filled);
      this.#take(piece);
      rest = rest.subarray(piece.byteLength);
      if (this.#received % chunkBytes === 0) await this.#store(this.#chunk);
    }
  }

  /**
   * Checks that the file is whole and right, and makes it count in the cache.
   *
   * @returns its bytes, where they are wanted
   * @throws MismatchError for a wrong length or digest; nothing is left of the file then
   */
  async finish(url: string, freshUntil: number | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { key, store, wanted } = this.#options;
    const mismatch = this.#findMismatch(url);
    if (mismatch) {
      await this.discard();
      throw mismatch;
    }
    if (this.#stored < this.#received) await this.#store(this.#chunk.subarray(0, this.#received % chunkBytes));
    else await this.#keep();
    if (this.#isKept) this.#isKept = await store.complete(key, freshUntil === undefined ? {} : { freshUntil });
    this.#requirePlace();
    return wanted ? this.#bytes.take() : undefined;
  }

  /** Forgets all that came, in the cache too. */
  async discard(): Promise<void> {
    const { key, store } = this.#options;
    if (this.#isKept) await store.delete(key);
    this.#restart();
  }

  /** @throws MismatchError for the rest of a file that is shorter than what is there, or whose length is another than announced */
  #requireRest(url: string, total: number | undefined): void {
    if (total === undefined) return;
    const isOther = this.#announced !== undefined && total !== this.#announced && !isForeign(url);
    if (!isOther && total >= this.#received) return;
    const known = `${this.#received} of ${this.#announced ?? 'an unknown number of'} bytes are there`;
    throw new MismatchError('runtime-error', `${shownUrl(url)} says that the file has ${total} bytes, where ${known}`);
  }

  /** What the cache has of another version stays there until the first chunk of this one takes its place. */
  #restart(): void {
    this.#bytes = new GrowingBytes();
    this.#digest?.restart();
    this.#version = undefined;
    this.#announced = undefined;
    this.#received = 0;
    this.#stored = 0;
    this.#isKept = false;
  }

  #take(bytes: Uint8Array): void {
    this.#digest?.update(bytes);
    if (this.#options.wanted) this.#bytes.append(bytes, this.total);
    this.#received += bytes.byteLength;
  }

  /** @throws GoneError where what was stored of the file is gone, and is nowhere else */
  async #store(chunk: Uint8Array<ArrayBuffer>): Promise<void> {
    const { key, store, wanted } = this.#options;
    await this.#keep();
    if (this.#isKept && this.#version) {
      const missing = this.total === undefined ? {} : { missing: this.total - this.#stored };
      const { url } = this.#version;
      const appending = await store.append({ key, url, offset: this.#stored, bytes: chunk, ...missing });
      this.#isKept = appending === 'stored';
      if (appending === 'gone' && !wanted)
        throw new GoneError('it was deleted from the cache while it came: try again');
      this.#mayBeKept = this.#isKept;
    }
    this.#stored = this.#received;
    this.#requirePlace();
  }

  /** Gives the file its place in the cache, before its first chunk. */
  async #keep(): Promise<void> {
    const { key, store } = this.#options;
    if (this.#isKept || this.#stored > 0 || !this.#version || !this.#mayBeKept) return;
    const { total } = this;
    this.#isKept = await store.begin({ key, ...this.#version, ...(total === undefined ? {} : { total }) });
    this.#mayBeKept = this.#isKept;
  }

  #requirePlace(): void {
    if (this.#isKept || this.#options.wanted) return;
    throw new WasiNNError(
      'runtime-error',
      'it cannot be kept: the browser has no storage or no room for it; delete other models, or raise cacheBudget',
    );
  }

  #findMismatch(url: string): MismatchError | undefined {
    const { size, sha256 } = this.#options.part;
    if (size !== undefined && this.#received !== size) {
      return new MismatchError(
        'runtime-error',
        `${shownUrl(url)} has ${this.#received} bytes, not the ${size} of the registry`,
      );
    }
    const digest = this.#digest?.finish();
    if (digest === sha256) return undefined;
    return new MismatchError(
      'security',
      `${shownUrl(url)} has the SHA-256 digest ${digest}, not the ${sha256} of the registry`,
    );
  }
}

/** Servers and hotel networks give pages with status 200 and any content type. No model begins like one. */
function isHtml(bytes: Uint8Array): boolean {
  return /^\s*<(!doctype html|html)\b/i.test(new TextDecoder().decode(bytes.subarray(0, 100)));
}
