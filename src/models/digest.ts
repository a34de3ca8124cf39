import { createSHA256 } from 'hash-wasm';

/** A SHA-256 digest of bytes that come one after another, which the browser's own `crypto.subtle` cannot make. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** Forgets what has been added. */
  restart(): void;
  /** @returns 64 hexadecimal digits; nothing can be added afterwards but to a new start */
  finish(): string;
}

/** Makes a digest of nothing yet. Its code comes with the worker's: a model in the cache must load without the network. */
export async function createDigest(): Promise<Digest> {
  const hasher = await createSHA256();
  return {
    update(bytes) {
      hasher.update(bytes);
    },
    restart() {
      hasher.init();
    },
    finish: () => hasher.digest('hex'),
  };
}
