import { describe, expect, it } from 'vitest';
import type { GraphBuilder, GraphEncoding } from '../standard/graph.js';
import type { Backend } from './backend.js';
import { chooseBackend } from './choose-backend.js';

function fake(name: string, encodings: readonly GraphEncoding[]): Backend {
  return { name, encodings, load: () => Promise.reject(new Error('not to be loaded')) };
}

const onnx = fake('onnxruntime-web', ['onnx']);
const ggml = fake('wllama', ['ggml']);
const openvino = fake('onnxruntime-web', ['openvino']);
const tensorflow = fake('onnxruntime-web', ['tensorflow']);

const bytesOf = (text: string): GraphBuilder => Uint8Array.from(text, (character) => character.charCodeAt(0));
const onnxModel = bytesOf('\x08\x07\x12\0');
const ggufModel = bytesOf('GGUF\x03');
const tfliteModel = bytesOf('\x1c\0\0\0TFL3');
const torchModel = bytesOf('PK\x03\x04');
const openvinoModel = bytesOf('<?xml version="1.0"?><net name="a">');
const savedModel = bytesOf('\x08\x01\x12\x02\x0a\0');
const unknown = bytesOf('\x01\x02\x03');

describe('chooseBackend', () => {
  it.each([
    [onnx, onnxModel, 'onnx'],
    [onnx, onnxModel, 'autodetect'],
    [onnx, unknown, 'onnx'],
    [ggml, ggufModel, 'ggml'],
    [ggml, ggufModel, 'autodetect'],
    [ggml, unknown, 'ggml'],
  ] satisfies [Backend, GraphBuilder, GraphEncoding][])(
    'finds the one that serves the encoding (%#)',
    (backend, bytes, encoding) => {
      expect(chooseBackend([onnx, ggml], [bytes], encoding)).toBe(backend);
    },
  );

  it.each([
    ['an OpenVINO model', openvino, [openvinoModel, unknown]],
    ['an OpenVINO model, the weights first', openvino, [unknown, openvinoModel]],
    ['an OpenVINO model without weights', openvino, [new Uint8Array(), openvinoModel]],
    ['a SavedModel', tensorflow, [savedModel, unknown, unknown]],
    ['a SavedModel, its parts in another order', tensorflow, [unknown, unknown, savedModel]],
    ['an ONNX model and its weights', onnx, [onnxModel, openvinoModel]],
  ] satisfies [string, Backend, GraphBuilder[]][])('recognises %s', (_what, backend, parts) => {
    expect(chooseBackend([onnx, openvino, tensorflow], parts, 'autodetect')).toBe(backend);
  });

  it.each([
    ['weights, and two that say what they are', [unknown, openvinoModel, openvinoModel]],
    ['more parts than an OpenVINO model has', [unknown, unknown, openvinoModel]],
  ])('recognises no model in %s', (_what, parts) => {
    expect(() => chooseBackend([onnx, openvino, tensorflow], parts, 'autodetect')).toThrowError(/in an unknown format/);
  });

  it.each([
    [
      'autodetect',
      tfliteModel,
      'no backend serves tensorflowlite: the bytes are a TensorFlow Lite model; served are: onnx',
    ],
    ['tensorflowlite', tfliteModel, 'no backend serves tensorflowlite: the bytes are a TensorFlow Lite model'],
    ['autodetect', savedModel, 'no backend serves tensorflow: the bytes are a TensorFlow SavedModel; served are: onnx'],
    ['pytorch', torchModel, 'no backend serves pytorch: the bytes are a zip archive (TorchScript); served are: onnx'],
    ['openvino', openvinoModel, 'no backend serves openvino: the bytes are an OpenVINO model; served are: onnx'],
    ['ggml', ggufModel, 'no backend serves ggml: the bytes are a GGUF model; served are: onnx'],
    ['ggml', unknown, 'no backend serves ggml: the bytes are in an unknown format; served are: onnx'],
    ['onnx', ggufModel, 'expected onnx, but the bytes are a GGUF model; served are: onnx'],
    [
      'ggml',
      onnxModel,
      'expected ggml, but the bytes are an ONNX model; served are: onnx; name its encoding onnx, or autodetect',
    ],
    ['autodetect', unknown, 'they are in an unknown format; served are: onnx; name its encoding if it is a model'],
    ['onnx', bytesOf('404: Not Found'), "the bytes are plain text; served are: onnx; check the model's URL"],
    [
      'autodetect',
      bytesOf('version https://git-lfs.github.com/spec/v1\n'),
      'they are a Git LFS pointer, which stands for a file that is stored elsewhere; served are: onnx; fetch the file itself',
    ],
    ['onnx', bytesOf('\x89PNG\r\n\x1a\n'), 'the bytes are a PNG image; served are: onnx; give a model'],
    ['onnx', new Uint8Array(), 'the bytes are an empty file; served are: onnx; check'],
  ] satisfies [GraphEncoding, GraphBuilder, string][])(
    'refuses as %s, and says what to do (%#)',
    (encoding, bytes, text) => {
      expect(() => chooseBackend([onnx], [bytes], encoding)).toThrowError(
        expect.objectContaining({
          name: 'WasiNNError',
          code: 'invalid-encoding',
          message: expect.stringContaining(text),
        }),
      );
    },
  );

  it('names all encodings that are served, and proposes none that is not', () => {
    expect(() => chooseBackend([ggml, fake('other', ['ggml', 'pytorch'])], [tfliteModel], 'autodetect')).toThrowError(
      /served are: ggml, pytorch$/,
    );
  });

  it('refuses no bytes', () => {
    expect(() => chooseBackend([onnx], [], 'onnx')).toThrowError(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining('no graph builder came') }),
    );
  });
});
