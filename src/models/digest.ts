/** A SHA-256 digest of bytes that come one after another, which the browser's own `crypto.subtle` cannot make. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** Forgets what has been added. */
  startAnew(): void;
  /** @returns 64 hexadecimal digits; nothing can be added afterwards but to a new start */
  finish(): string;
}

/** Makes a digest of nothing yet. Its code is loaded only where a model has a digest to be checked. */
export async function createDigest(): Promise<Digest> {
  const { createSHA256 } = await import('hash-wasm');
  const hasher = await createSHA256();
  return {
    update(bytes) {
      hasher.update(bytes);
    },
    startAnew() {
      hasher.init();
    },
    finish: () => hasher.digest('hex'),
  };
}
