/**
 * Gives the memory of bytes back at once, where the browser can: what is left to the garbage collector adds up to more than
 * 100 MiB before it comes. The whole buffer of the bytes is empty from then on.
 */
export function free({ buffer }: Uint8Array): void {
  if ('transfer' in buffer) buffer.transfer(0);
}
