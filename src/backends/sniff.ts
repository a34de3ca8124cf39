import type { GraphEncoding } from '../standard/graph.js';
import { startsLikeOnnx, startsLikeTensorFlowGraph, startsLikeTensorFlowSavedModel } from './sniff-protobuf.js';

/**
 * What the bytes of a file say that it is; the description is for error texts, and so is the remedy: what to do with
 * what is no model.
 */
export type Format =
  | { readonly kind: 'model'; readonly encoding: Exclude<GraphEncoding, 'autodetect'>; readonly description: string }
  /** Something known that is no model: what a server sends in a model's place, for instance. */
  | { readonly kind: 'other'; readonly description: string; readonly remedy: string }
  | { readonly kind: 'unknown'; readonly description: string };

/** What a signature may look at: the file, and its beginning as text (one character for each byte, without a BOM). */
interface Sample {
  readonly bytes: Uint8Array;
  readonly text: string;
}

type Signature = readonly [format: Format, matches: (sample: Sample) => boolean];

const model = (encoding: Exclude<GraphEncoding, 'autodetect'>, description: string): Format => ({
  kind: 'model',
  encoding,
  description,
});

const other = (description: string, remedy: string): Format => ({ kind: 'other', description, remedy });

const checkTheUrl = "check the model's URL: servers answer so for files that they do not have or do not give";
const isNoModel = 'give a model: a tensor is made of this, and goes in as an input';
const exportTheModel = 'export the model itself to ONNX';

/** In this order: bytes that are fixed, then text, then protobuf, which has no signature at all. */
const signatures: readonly Signature[] = [
  [model('ggml', 'a GGUF model'), startsWith('GGUF')],
  [model('tensorflowlite', 'a TensorFlow Lite model'), hasAt(4, 'TFL3')],
  [model('onnx', 'an ONNX Runtime (.ort) model'), hasAt(4, 'ORTM')],
  [model('pytorch', 'a zip archive (TorchScript)'), isTorchArchive],
  [other('a zip archive', 'unpack it, and give the model that is in it'), startsWith('PK\x03\x04')],
  [
    other('gzip-compressed data', 'unpack it, or serve it with the header "Content-Encoding: gzip"'),
    startsWith('\x1f\x8b'),
  ],
  [
    other('an HDF5 file, such as Keras writes', `${exportTheModel} (Keras: model.export("model.onnx", format="onnx"))`),
    startsWith('\x89HDF\r\n\x1a\n'),
  ],
  [
    other('a safetensors file, which has weights but no graph', `${exportTheModel} (optimum-cli export onnx)`),
    isSafetensors,
  ],
  [other('a Python pickle, such as PyTorch writes', `${exportTheModel} (torch.onnx.export)`), isPickle],
  [other('a NumPy array', isNoModel), startsWith('\x93NUMPY')],
  [other('a PNG image', isNoModel), startsWith('\x89PNG\r\n\x1a\n')],
  [other('a JPEG image', isNoModel), startsWith('\xff\xd8\xff')],
  [
    other('a WebAssembly component', 'this is a program: give the model that it loads'),
    startsWith('\0asm\x0d\0\x01\0'),
  ],
  [other('a WebAssembly module', 'this is a program: give the model that it loads'), startsWith('\0asm')],
  [
    other(
      'a Git LFS pointer, which stands for a file that is stored elsewhere',
      'fetch the file itself (git lfs pull)',
    ),
    ({ text }) => text.startsWith('version https://git-lfs.github.com/spec/'),
  ],
  [other('an HTML page', checkTheUrl), ({ text }) => htmlRoots.test(rootOf(text))],
  [model('openvino', 'an OpenVINO model'), ({ text }) => rootOf(text) === 'net'],
  [other('an XML document', checkTheUrl), ({ text }) => /^\s*<\?xml/.test(text) || rootOf(text) !== ''],
  [other('a JSON document', checkTheUrl), ({ text }) => /^\s*[{[]\s*["{[\]}]/.test(text)],
  [other('plain text', checkTheUrl), isText],
  [model('tensorflow', 'a TensorFlow SavedModel'), ({ bytes }) => startsLikeTensorFlowSavedModel(bytes)],
  [model('tensorflow', 'a TensorFlow graph (GraphDef)'), ({ bytes }) => startsLikeTensorFlowGraph(bytes)],
  [model('onnx', 'an ONNX model'), ({ bytes }) => startsLikeOnnx(bytes)],
];

/** Recognises a model, or what came in its place, by its first bytes. */
export function sniff(bytes: Uint8Array): Format {
  if (bytes.byteLength === 0) return other('an empty file', checkTheUrl);
  const sample: Sample = { bytes, text: textAt(bytes, 0, sampleLength).replace(/^\xef\xbb\xbf/, '') };
  const found = signatures.find(([, matches]) => matches(sample));
  return found?.[0] ?? { kind: 'unknown', description: 'in an unknown format' };
}

/** Licences and the like can stand in a comment before the first element. */
const sampleLength = 4096;

const htmlRoots = /^(!doctype html|html|head|body|title|meta|script|style|center|h1|div|p|pre)$/;

/** The name of a document's first element, or its doctype, in lower case; empty where the text is no markup. */
function rootOf(text: string): string {
  let rest = text.trimStart();
  for (;;) {
    const behind = rest.replace(/^<(\?[\s\S]*?\?|!--[\s\S]*?--)>\s*/, '');
    if (behind === rest) break;
    rest = behind;
  }
  const [, root = ''] = /^<(!doctype\s+[\w:-]+|[a-z_][\w:.-]*)(?=[\s/>]|$)/i.exec(rest) ?? [];
  return root.toLowerCase().replace(/\s+/, ' ');
}

/** PyTorch's archives keep everything in one folder; a header that is cut short is given the benefit of the doubt. */
function isTorchArchive({ bytes }: Sample): boolean {
  if (textAt(bytes, 0, 4) !== 'PK\x03\x04') return false;
  if (bytes.byteLength < 30) return true;
  const firstFile = textAt(bytes, 30, (bytes[26] ?? 0) | ((bytes[27] ?? 0) << 8));
  return /^[^/]+\/(data\.pkl$|constants\.pkl$|version$|byteorder$|data\/|code\/|constants\/|extra\/|\.)/.test(
    firstFile,
  );
}

/** The length of a JSON header (64 bits, at most 100 MB), then that header. */
function isSafetensors({ bytes }: Sample): boolean {
  return /^[\s\S]{4}\0{4}\{\s*["}]/.test(textAt(bytes, 0, 16));
}

/** Protocols 2 to 5. */
function isPickle({ bytes }: Sample): boolean {
  const [first, protocol = 0] = bytes;
  return first === 0x80 && protocol >= 2 && protocol <= 5;
}

/** A few bytes may look like text by chance. */
const shortestText = 12;

function isText({ bytes }: Sample): boolean {
  if (bytes.byteLength < shortestText) return false;
  const start = bytes.subarray(0, sampleLength);
  if (!start.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(start, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function startsWith(signature: string): (sample: Sample) => boolean {
  return hasAt(0, signature);
}

function hasAt(start: number, signature: string): (sample: Sample) => boolean {
  return ({ bytes }) => textAt(bytes, start, signature.length) === signature;
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + length));
}
