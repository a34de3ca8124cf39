import { type Fd, type WASI, wasi } from '@bjorn3/browser_wasi_shim';

/** A function of preview 1. It takes whatever the guest passes and returns an errno. It throws to end the guest. */
export type Preview1Function = (...values: readonly (number | bigint)[]) => number;

/** The most buffers of one call, as on Linux. */
const maxBuffers = 1024;

/** The most bytes that one call reads or writes. The guest learns how many there were, and calls again for the rest. */
const maxTransferBytes = 1 << 20;

/** A pointer and a length, of four bytes each. */
const bufferBytes = 8;

/** The functions of preview 1 that read and write: the library copies as much as a guest asks for. */
export function createTransfers(shim: WASI): Record<string, Preview1Function> {
  const buffer = () => shim.inst.exports.memory.buffer;

  function read(
    fd: number | bigint | undefined,
    list: number | bigint | undefined,
    count: number | bigint | undefined,
    out: number | bigint | undefined,
    take: (source: Fd, length: number) => { ret: number; data: Uint8Array },
  ): number {
    const source = shim.fds[Number(fd)];
    if (!source) return wasi.ERRNO_BADF;
    if (Number(count) > maxBuffers) return wasi.ERRNO_INVAL;
    const targets = viewsOf(buffer(), Number(list), Number(count));
    const { ret, data } = take(source, totalOf(targets));
    let position = 0;
    for (const target of targets) {
      target.set(data.subarray(position, position + target.byteLength));
      position += target.byteLength;
    }
    writeCount(buffer(), out, data.byteLength);
    return ret;
  }

  function write(
    fd: number | bigint | undefined,
    list: number | bigint | undefined,
    count: number | bigint | undefined,
    out: number | bigint | undefined,
    put: (target: Fd, data: Uint8Array) => { ret: number; nwritten: number },
  ): number {
    const target = shim.fds[Number(fd)];
    if (!target) return wasi.ERRNO_BADF;
    if (Number(count) > maxBuffers) return wasi.ERRNO_INVAL;
    const sources = viewsOf(buffer(), Number(list), Number(count));
    const data = new Uint8Array(totalOf(sources));
    let position = 0;
    for (const source of sources) {
      data.set(source, position);
      position += source.byteLength;
    }
    const { ret, nwritten } = put(target, data);
    writeCount(buffer(), out, nwritten);
    return ret;
  }

  return {
    fd_read: (fd, list, count, out) => read(fd, list, count, out, (source, length) => source.fd_read(length)),
    fd_pread: (fd, list, count, offset, out) =>
      read(fd, list, count, out, (source, length) => source.fd_pread(length, BigInt(offset ?? 0))),
    fd_write: (fd, list, count, out) => write(fd, list, count, out, (target, data) => target.fd_write(data)),
    fd_pwrite: (fd, list, count, offset, out) =>
      write(fd, list, count, out, (target, data) => target.fd_pwrite(data, BigInt(offset ?? 0))),
  };
}

/** @throws RangeError where the bytes do not lie in the memory from end to end */
export function viewOf(buffer: ArrayBufferLike, address: number, byteLength: number): Uint8Array {
  return new Uint8Array(buffer, address, byteLength);
}

/** The buffers of a list, as far as one call goes. */
function viewsOf(buffer: ArrayBufferLike, list: number, count: number): Uint8Array[] {
  const view = new DataView(buffer, list, count * bufferBytes);
  const views: Uint8Array[] = [];
  let left = maxTransferBytes;
  for (let index = 0; index < count && left > 0; index++) {
    const address = view.getUint32(index * bufferBytes, true);
    const part = viewOf(buffer, address, view.getUint32(index * bufferBytes + 4, true)).subarray(0, left);
    left -= part.byteLength;
    views.push(part);
  }
  return views;
}

function totalOf(views: readonly Uint8Array[]): number {
  return views.reduce((total, { byteLength }) => total + byteLength, 0);
}

function writeCount(buffer: ArrayBufferLike, out: number | bigint | undefined, count: number): void {
  new DataView(buffer).setUint32(Number(out), count, true);
}
