import type { GraphEncoding } from '../standard/graph.js';

/** What the first bytes of a file say that it is; the description is for error texts. */
export type Format =
  | { readonly kind: 'model'; readonly encoding: Exclude<GraphEncoding, 'autodetect'>; readonly description: string }
  /** Something known that is no model: what a server sends in a model's place, for instance. */
  | { readonly kind: 'other'; readonly description: string }
  | { readonly kind: 'unknown'; readonly description: string };

type Signature = Format & { matches(bytes: Uint8Array): boolean };

const signatures: readonly Signature[] = [
  { kind: 'model', encoding: 'ggml', description: 'a GGUF model', matches: (bytes) => textAt(bytes, 0, 4) === 'GGUF' },
  {
    kind: 'model',
    encoding: 'tensorflowlite',
    description: 'a TensorFlow Lite model',
    matches: (bytes) => textAt(bytes, 4, 4) === 'TFL3',
  },
  {
    kind: 'model',
    encoding: 'onnx',
    description: 'an ONNX Runtime (.ort) model',
    matches: (bytes) => textAt(bytes, 4, 4) === 'ORTM',
  },
  {
    kind: 'model',
    encoding: 'pytorch',
    description: 'a zip archive (TorchScript)',
    matches: (bytes) => textAt(bytes, 0, 4) === 'PK\x03\x04',
  },
  { kind: 'other', description: 'gzip-compressed data', matches: (bytes) => bytes[0] === 0x1f && bytes[1] === 0x8b },
  {
    kind: 'other',
    description: 'an HTML page',
    matches: (bytes) => /^\s*<(!doctype\s+html|html|head|body)/i.test(textStart(bytes)),
  },
  {
    kind: 'model',
    encoding: 'openvino',
    description: 'an OpenVINO model',
    matches: (bytes) => /^\s*(<\?xml[^>]*>\s*)?<net[\s>]/.test(textStart(bytes)),
  },
  { kind: 'other', description: 'an XML document', matches: (bytes) => /^\s*<\?xml/.test(textStart(bytes)) },
  { kind: 'other', description: 'a JSON document', matches: (bytes) => /^\s*[{[]\s*["{[\]}]/.test(textStart(bytes)) },
  { kind: 'model', encoding: 'onnx', description: 'an ONNX model', matches: startsLikeOnnx },
];

/** Recognises a model, or what came in its place, by its first bytes. */
export function sniff(bytes: Uint8Array): Format {
  if (bytes.byteLength === 0) return { kind: 'other', description: 'an empty file' };
  return (
    signatures.find((signature) => signature.matches(bytes)) ?? { kind: 'unknown', description: 'in an unknown format' }
  );
}

/**
 * ONNX has no signature: a file is a protobuf message `ModelProto`, so it starts with the key of one of that message's
 * fields. Every writer seen begins with ir_version (a varint), the producer's name or the graph (length-delimited).
 */
function startsLikeOnnx(bytes: Uint8Array): boolean {
  const key = bytes[0] ?? 0;
  const field = key >> 3;
  const wireType = key & 7;
  const isVarintField = field === 1 || field === 5;
  const isMessageField = field === 2 || field === 3 || field === 4 || (field >= 6 && field <= 8) || field === 14;
  if (!(isVarintField && wireType === 0) && !(isMessageField && wireType === 2)) return false;
  return isVarintField ? (bytes[1] ?? 0xff) < 0x80 : bytes.byteLength > 2;
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}

function textStart(bytes: Uint8Array): string {
  return textAt(bytes, 0, 512).replace(/^\xef\xbb\xbf/, '');
}
