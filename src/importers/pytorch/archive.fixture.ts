import { joinBytes } from '../../standard/join-bytes.js';
import type { Tensor } from '../onnx/model.js';
import { crc32 } from './crc32.js';

const utf8 = new TextEncoder();

export interface ArchiveEntry {
  readonly name: string;
  readonly content: Uint8Array | string;
  /** How the content is to be inflated: 8 for deflated content, which then says how large it really is. */
  readonly deflated?: { readonly size: number; readonly checksum: number };
}

/** Writes a zip archive as PyTorch does: all entries are in one folder, and their checksums are right. */
export function writeArchive(entries: readonly ArchiveEntry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, content, deflated } of entries) {
    const bytes = typeof content === 'string' ? utf8.encode(content) : content;
    const path = utf8.encode(`model/${name}`);
    const method = deflated ? 8 : 0;
    const common = [
      method,
      0,
      0,
      deflated?.checksum ?? crc32(bytes),
      bytes.byteLength,
      deflated?.size ?? bytes.byteLength,
    ];
    const header = record(30, [0x04034b50, 0, 0, ...common, path.byteLength, 0], [4, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2]);
    directory.push(
      record(
        46,
        [0x02014b50, 0, 0, 0, ...common, path.byteLength, 0, 0, 0, 0, 0, at],
        [4, 2, 2, 2, 2, 2, 2, 4, 4, 4, 2, 2, 2, 2, 2, 4, 4],
      ),
      path,
    );
    parts.push(header, path, bytes);
    at += header.byteLength + path.byteLength + bytes.byteLength;
  }
  const directoryBytes = joinBytes(directory);
  const count = entries.length;
  const end = record(22, [0x06054b50, 0, 0, count, count, directoryBytes.byteLength, at, 0], [4, 2, 2, 2, 2, 4, 4, 2]);
  return joinBytes([...parts, directoryBytes, end]);
}

/** Little-endian numbers of these widths. */
function record(size: number, values: readonly number[], widths: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  let at = 0;
  for (const [index, width] of widths.entries()) {
    if (width === 4) view.setUint32(at, values[index] ?? 0, true);
    else view.setUint16(at, values[index] ?? 0, true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

const storages: Readonly<Record<string, string>> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  int64: 'LongStorage',
  bool: 'BoolStorage',
};

/** A TorchScript archive of one module without attributes: the code of its class, and the constants that the code has. */
export function writeTorchScript(code: string, constants: readonly Tensor[] = []): Uint8Array<ArrayBuffer> {
  const [, name] = /class (\w+)\(/.exec(code) ?? [];
  return writeArchive([
    { name: 'data.pkl', content: pickle(`c__torch__\n${name}\n)\x81}b`) },
    { name: 'code/__torch__.py', content: code },
    { name: 'constants.pkl', content: pickle(`(${constants.map(pickledTensor).join('')}t`) },
    ...constants.map(({ data }, index) => ({ name: `constants/${index}`, content: data })),
  ]);
}

/** A pickle of protocol 2, of which each character is one byte. */
export function pickle(body: string): Uint8Array {
  // The page of the conformance suite has no Buffer.
  return Uint8Array.from(`\x80\x02${body}.`, (character) => character.charCodeAt(0));
}

function pickledTensor({ type, dims, data }: Tensor, index: number): string {
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, length) => product * length, 1));
  const storage = `(${text('storage')}ctorch\n${storages[type]}\n${text(String(index))}${text('cpu')}${integer(data.byteLength)}tQ`;
  const numbers = (values: readonly number[]) => `(${values.map(integer).join('')}t`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${integer(0)}${numbers(dims)}${numbers(strides)}\x89NtR`;
}

export function text(value: string): string {
  return `X${bytes32(value.length)}${value}`;
}

export function integer(value: number): string {
  return `J${bytes32(value)}`;
}

function bytes32(value: number): string {
  return String.fromCharCode(value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
}
