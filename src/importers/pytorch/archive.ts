import { WasiNNError } from '../../standard/error.js';
import { crc32 } from './crc32.js';

/** The entries of a zip archive by their names, without the archive's own folder. */
export type Archive = ReadonlyMap<string, Uint8Array>;

/** Entries that no conversion reads: debug information, and the inputs that the model was traced or exported with. */
const unread = /\.debug_pkl$|^(traced_inputs|data\/sample_inputs|extra)\b/;

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const localHeader = 0x04034b50;
const methods = { stored: 0, deflated: 8 } as const;

/** Inflated entries may be this large in sum, beyond four times the archive: weights hardly compress. */
const inflatedBytes = 32 * 1024 * 1024;

/**
 * Reads a zip archive. Stored entries are views of `bytes`; deflated ones are inflated, within bounds. Checksums are
 * checked.
 *
 * @throws {WasiNNError} `invalid-encoding` for what is no archive or a damaged one, `too-large` for a zip bomb
 */
export async function readArchive(bytes: Uint8Array): Promise<Archive> {
  const entries = new Map<string, Uint8Array>();
  let budget = inflatedBytes + 4 * bytes.byteLength;
  for (const entry of readDirectory(bytes)) {
    if (unread.test(entry.name)) continue;
    if (entries.has(entry.name)) throw damaged(`it has two entries named ${JSON.stringify(entry.name)}`);
    if (entry.method === methods.deflated) {
      budget -= entry.size;
      if (budget < 0) {
        throw new WasiNNError(
          'too-large',
          `load: the entry ${JSON.stringify(entry.name)} of the PyTorch archive inflates to ${entry.size} bytes: ` +
            'an archive may inflate to 32 MiB and four times its size; save the model without compression',
        );
      }
    }
    const content = await contentOf(bytes, entry);
    if (crc32(content) !== entry.checksum) throw damaged(`the checksum of ${JSON.stringify(entry.name)} is wrong`);
    entries.set(entry.name, content);
  }
  return entries;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Where the entry's local header begins. */
  readonly start: number;
}

function readDirectory(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (count === 0xffff || at === 0xffff_ffff) {
    throw new WasiNNError(
      'too-large',
      'load: the PyTorch archive needs ZIP64: archives of 4 GiB and more do not fit a page',
    );
  }
  const text = new TextDecoder();
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || view.getUint32(at, true) !== directoryEntry) {
      throw damaged(`its directory ends after ${index} of ${count} entries`);
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const name = text.decode(bytes.subarray(at + 46, nameEnd));
    entries.push({
      name: name.slice(name.indexOf('/') + 1),
      method: view.getUint16(at + 10, true),
      checksum: view.getUint32(at + 16, true),
      compressedSize: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      start: view.getUint32(at + 42, true),
    });
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The end of the directory stands at the end of the file, before a comment of at most 64 KiB. */
function findEnd(view: DataView): number {
  const shortest = 22;
  const last = view.byteLength - shortest;
  for (let at = last; at >= 0 && at >= last - 0xffff; at--) {
    if (view.getUint32(at, true) === endOfDirectory) return at;
  }
  throw damaged('it has no zip directory at its end: it may be cut short');
}

async function contentOf(bytes: Uint8Array, entry: Entry): Promise<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { start, name } = entry;
  if (start + 30 > bytes.byteLength || view.getUint32(start, true) !== localHeader) {
    throw damaged(`the entry ${JSON.stringify(name)} is not where the directory says`);
  }
  const dataStart = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
  const dataEnd = dataStart + entry.compressedSize;
  if (dataEnd > bytes.byteLength) throw damaged(`the entry ${JSON.stringify(name)} ends behind the file`);
  const data = bytes.subarray(dataStart, dataEnd);
  if (entry.method === methods.stored) return data;
  if (entry.method === methods.deflated) return inflate(data, entry);
  throw damaged(`the entry ${JSON.stringify(name)} has the compression method ${entry.method}, not 0 (stored) or 8`);
}

/** Inflates into exactly as many bytes as the directory declares: data that makes more of them is stopped there. */
async function inflate(data: Uint8Array, { name, size }: Entry): Promise<Uint8Array> {
  const content = new Uint8Array(size);
  let filled = 0;
  // A copy: streams take no views of shared memory.
  const source = new Blob([data.slice()]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = source.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      content.set(value, filled);
      filled += value.byteLength;
    }
  } catch (cause) {
    // A chunk that does not fit makes `set` throw a RangeError. Nobody waits for the rest of the stream.
    reader.cancel().catch(() => {});
    throw damaged(`the entry ${JSON.stringify(name)} does not inflate to the ${size} bytes that it declares`, cause);
  }
  if (filled !== size) throw damaged(`the entry ${JSON.stringify(name)} inflates to ${filled} bytes, not ${size}`);
  return content;
}

function damaged(problem: string, cause?: unknown): WasiNNError {
  return new WasiNNError(
    'invalid-encoding',
    `load: the PyTorch archive is damaged: ${problem}; fetch it or save it again`,
    cause === undefined ? undefined : { cause },
  );
}
