import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sniff } from './sniff.js';

const project = path.resolve(import.meta.dirname, '../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');
const hasFixtures = existsSync(path.join(fixtures, 'models'));

/** Text is one byte for each character. */
function bytesOf(...parts: readonly (string | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...part].map((c) => c.charCodeAt(0)) : part)),
  );
}

/** A protobuf field of at most 127 bytes. */
const field = (number: number, ...value: readonly (string | readonly number[])[]) => {
  const bytes = [...bytesOf(...value)];
  return [number * 8 + 2, bytes.length, ...bytes];
};

/** The beginning of a zip archive: the header of its first file. */
const zip = (name: string) => bytesOf('PK\x03\x04', new Array(22).fill(0), [name.length, 0, 0, 0], name, 'content');

const safetensors = (header: string, length = header.length) =>
  bytesOf([length & 0xff, length >> 8, 0, 0, 0, 0, 0, 0], header);

const comment = `<!-- ${'Licensed to nobody in particular. '.repeat(60)} -->`;

describe('sniff', () => {
  it.each([
    ['openvino', 'an OpenVINO model', bytesOf('<?xml version="1.0"?>', comment, '\n<net name="a">')],
    ['openvino', 'an OpenVINO model', bytesOf(comment, '<net name="a" version="11">')],
    ['openvino', 'an OpenVINO model', bytesOf('\xef\xbb\xbf<!-- a --><?xml version="1.0"?><!-- > --><net\tname="a">')],
    ['pytorch', 'a zip archive (TorchScript)', zip('resnet/data.pkl')],
    ['pytorch', 'a zip archive (TorchScript)', zip('archive/data/0')],
    ['pytorch', 'a zip archive (TorchScript)', zip('m/code/__torch__.py')],
    ['pytorch', 'a zip archive (TorchScript)', zip('m/.format_version')],
    ['tensorflow', 'a TensorFlow SavedModel', bytesOf([0x08, 1], field(2, field(1, field(4, 'serve'))))],
    ['tensorflow', 'a TensorFlow SavedModel', bytesOf([0x08, 1], field(2, [0x12, 0]), field(2, [0x0a, 0]))],
    [
      'tensorflow',
      'a TensorFlow graph (GraphDef)',
      bytesOf(field(1, field(1, 'input'), field(2, 'Placeholder')), field(1, field(1, 'a/b'), field(2, 'Const'))),
    ],
    ['onnx', 'an ONNX model', bytesOf([0x08, 10], field(2, 'pytorch'), field(3, '2.9.0'), [0x3a, 0xff, 0xff, 0x7f])],
    ['onnx', 'an ONNX model', bytesOf([0x08, 1, 0x12, 0], field(7, ''))],
    ['onnx', 'an ONNX model', bytesOf([0x08, 9], field(2, '\xc3\xbcber'))],
    ['onnx', 'an ONNX model that has fields from the future', bytesOf([0x08, 20], field(7, ''), [0xf0, 0x03, 1])],
  ] as const)('recognises %s: %s (%#)', (encoding, _what, bytes) => {
    expect(sniff(bytes)).toMatchObject({ kind: 'model', encoding });
  });

  it.each([
    ['an HTML page', bytesOf(comment, '\n<!doctype html>')],
    ['an HTML page', bytesOf('<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">')],
    ['an HTML page', bytesOf('<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">')],
    ['an HTML page', bytesOf('<title>404 Not Found</title>')],
    ['an HTML page', bytesOf('<h1>It works!</h1>')],
    ['an XML document', bytesOf('<Error><Code>NoSuchKey</Code></Error>')],
    ['an XML document', bytesOf('<?xml version="1.0"?>', '<!-- never closed')],
    ['an XML document', bytesOf('<network name="a">')],
    ['an XML document', bytesOf('<!DOCTYPE svg><svg/>')],
    ['a JSON document', bytesOf('[[1, 2], [3]]')],
    ['plain text', bytesOf('404: Not Found')],
    ['plain text', bytesOf('Bad Request: no such file')],
    ['plain text', new TextEncoder().encode(`${'ü'.repeat(2047)}xü${'ü'.repeat(100)}`)],
    ['plain text', bytesOf('ir_version: 8\nproducer_name: "test"\ngraph {\n')],
    ['plain text', bytesOf('version https://example.com/spec/v1\n')],
    ['a zip archive', zip('model.onnx')],
    ['a zip archive', zip('config.json')],
    ['a zip archive', zip('arr_0.npy')],
    ['an HDF5 file, such as Keras writes', bytesOf('\x89HDF\r\n\x1a\n', [0, 0])],
    ['a safetensors file, which has weights but no graph', safetensors('{"__metadata__":{"format":"pt"}}')],
    ['a safetensors file, which has weights but no graph', safetensors('{}      ')],
    ['a Python pickle, such as PyTorch writes', bytesOf([0x80, 2, 0x8a, 10])],
    ['a Python pickle, such as PyTorch writes', bytesOf([0x80, 4, 0x95])],
    ['a NumPy array', bytesOf('\x93NUMPY\x01\0')],
    ['a PNG image', bytesOf('\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR')],
    ['a JPEG image', bytesOf([0xff, 0xd8, 0xff, 0xe0])],
    ['a WebAssembly module', bytesOf('\0asm', [1, 0, 0, 0])],
    ['a WebAssembly component', bytesOf('\0asm', [0x0d, 0, 1, 0])],
    [
      'a Git LFS pointer, which stands for a file that is stored elsewhere',
      bytesOf('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'),
    ],
  ] as const)('recognises %s, which is no model, and says what to do (%#)', (description, bytes) => {
    expect(sniff(bytes)).toEqual({ kind: 'other', description, remedy: expect.stringMatching(/^\w.{10}/) });
  });

  it.each([
    ['a SavedModel that is cut short', bytesOf([0x08, 1, 0x12, 0x40, 0x0a, 0x02])],
    ['a SavedModel of another version', bytesOf([0x08, 2], field(2, [0x0a, 0]))],
    ['a Core ML model', bytesOf([0x08, 5], field(2, field(1, 'image')), [0xa2, 0x1f, 1, 0])],
    ['a Core ML model of version 1', bytesOf([0x08, 1], field(2, field(1, 'image')), [0xa2, 0x1f, 1, 0])],
    ["a tensor of ONNX's test data", bytesOf([0x08, 1, 0x08, 3, 0x10, 1], field(9, [0, 0, 0, 0]))],
    ['ONNX fields and then something else', bytesOf([0x08, 8], field(2, 'test'), new Array(20).fill(0))],
    ['an IR version of 0', bytesOf([0x08, 0], field(2, 'test'))],
    ['messages of text', bytesOf(field(1, field(1, 'two words'), field(2, 'no operator')))],
    ['a few letters', bytesOf('not a model')],
    ['text with a zero in it', bytesOf('not a model\0, surely')],
    ['text that is no UTF-8', bytesOf('not a m\xf6del, surely')],
    ['a length, but no JSON', safetensors('[1, 2, 3]')],
    ['a header that is too long', bytesOf([0xff, 0, 0, 0, 1, 0, 0, 0], '{"a":{}}')],
    ['random bytes', bytesOf([0xb4, 0xc8, 0xbd, 0x34, 0xc3, 0x83, 0x3b, 0x36, 0x83, 0xc3, 0x70, 0xc3])],
  ] as const)('does not guess: %s', (_what, bytes) => {
    expect(sniff(bytes)).toEqual({ kind: 'unknown', description: 'in an unknown format' });
  });

  it('has an answer for a megabyte of the same', () => {
    for (const text of ['<!--', '<?', '<!-- -->', '<', ' ', '{', '<a', '\x08\x07', '\x0a\x7f', '\x3a\0']) {
      expect(sniff(new TextEncoder().encode(text.repeat(1 << 18))).description).not.toBe('');
    }
  });
});

describe.skipIf(!hasFixtures)(`sniff of real files (needs ${path.relative(project, fixtures)})`, () => {
  it.each([
    ['models/road-segmentation.bin', 'in an unknown format'],
    ['images/dog.jpg', 'a JPEG image'],
    ['images/kitten_224.png', 'a PNG image'],
    ['mnist/t10k-labels-idx1-ubyte.gz', 'gzip-compressed data'],
    ['labels/imagenet-synset.txt', 'plain text'],
    ['golden.json', 'a JSON document'],
  ])('says what %s is', (name, description) => {
    expect(sniff(readFileSync(path.join(fixtures, name)))).toMatchObject({ description });
  });
});
