import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Format, sniff } from './sniff.js';

const project = path.resolve(import.meta.dirname, '../..');
const fixtures = process.env.WASI_NN_FIXTURES ?? path.resolve(project, '../shared/fixtures');
const hasFixtures = existsSync(path.join(fixtures, 'models'));

function bytesOf(...parts: (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : part)),
  );
}

const bom = [0xef, 0xbb, 0xbf];
const filler = 'x'.repeat(600);

describe('sniff', () => {
  it.each([
    ['ggml', 'a GGUF model', bytesOf('GGUF', [3, 0, 0, 0])],
    ['tensorflowlite', 'a TensorFlow Lite model', bytesOf([0x1c, 0, 0, 0], 'TFL3', [0, 0])],
    ['onnx', 'an ONNX Runtime (.ort) model', bytesOf([0x18, 0, 0, 0], 'ORTM', [0, 0])],
    ['pytorch', 'a zip archive (TorchScript)', bytesOf('PK', [3, 4, 0, 0])],
    ['openvino', 'an OpenVINO model', bytesOf('<?xml version="1.0"?>\n<net name="road" version="10">')],
    ['openvino', 'an OpenVINO model', bytesOf('<net>')],
    ['openvino', 'an OpenVINO model', bytesOf(bom, '\r\n<?xml version="1.0" ?><net\nname="a">', filler)],
    ['onnx', 'an ONNX model', bytesOf([0x08, 0x07, 0x12, 0x07], 'pytorch')],
    ['onnx', 'an ONNX model', bytesOf([0x12, 0x07], 'pytorch')],
    ['onnx', 'an ONNX model', bytesOf([0x3a, 0x80, 0x01, 0x0a])],
    ['onnx', 'an ONNX model', bytesOf([0x42, 0x02, 0x10, 0x0d, 0x3a])],
    ['onnx', 'an ONNX model', bytesOf([0x28, 0x01, 0x08, 0x09])],
    ['onnx', 'an ONNX model', bytesOf([0x72, 0x04, 0x0a, 0x02])],
  ] satisfies [string, string, Uint8Array][])('recognises %s: %s', (encoding, description, bytes) => {
    expect(sniff(bytes)).toMatchObject({ kind: 'model', encoding, description });
  });

  it.each([
    ['an empty file', bytesOf()],
    ['gzip-compressed data', bytesOf([0x1f, 0x8b, 0x08, 0x00])],
    ['an HTML page', bytesOf('<!DOCTYPE html><html>', filler)],
    ['an HTML page', bytesOf('<!doctype HTML>')],
    ['an HTML page', bytesOf('<html lang="en">')],
    ['an HTML page', bytesOf('<HEAD><title>404</title>')],
    ['an HTML page', bytesOf('<body>Not found')],
    ['an HTML page', bytesOf('\n\t  \r\n<html>')],
    ['an HTML page', bytesOf(bom, '<!doctype  html>')],
    ['an HTML page', bytesOf(bom, '\n<html>')],
    ['an XML document', bytesOf('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>')],
    ['an XML document', bytesOf('<?xml version="1.0"?><network/>')],
    ['a JSON document', bytesOf('{"error":"Repository not found"}')],
    ['a JSON document', bytesOf(bom, ' [ { "a": 1 } ]')],
    ['a JSON document', bytesOf('{}')],
  ] satisfies [string, Uint8Array][])('recognises %s, which is no model (%#)', (description, bytes) => {
    expect(sniff(bytes)).toMatchObject({ kind: 'other', description });
  });

  it.each([
    ['plain text', bytesOf('not a model')],
    ['a signature at the wrong place', bytesOf('xTFL3xORTM')],
    ['a signature that is cut short', bytesOf('GGU')],
    ['zeros', new Uint8Array(64)],
    ['one byte of an ONNX model', bytesOf([0x08])],
    ['an ONNX field with the wrong wire type', bytesOf([0x0a, 0x07, 0x00])],
    ['an IR version above 127', bytesOf([0x08, 0x80, 0x01])],
  ] satisfies [string, Uint8Array][])('does not know %s', (_what, bytes) => {
    expect(sniff(bytes)).toMatchObject({ kind: 'unknown', description: 'in an unknown format' });
  });

  it('reads a view from its own start', () => {
    const larger = bytesOf('<html>', 'GGUF', [3, 0, 0, 0]);
    expect(sniff(larger.subarray(6))).toMatchObject({ encoding: 'ggml' });
    expect(sniff(larger.subarray(6, 6))).toMatchObject({ description: 'an empty file' });
  });

  it('has an answer for any bytes', () => {
    const kinds: readonly Format['kind'][] = ['model', 'other', 'unknown'];
    for (let first = 0; first < 256; first++) {
      for (const length of [1, 2, 3, 40]) {
        const bytes = Uint8Array.from({ length }, (_, index) => (first + index * 101) & 0xff);
        const { kind, description } = sniff(bytes);
        expect(kinds).toContain(kind);
        expect(description).not.toBe('');
      }
    }
  });

  it("recognises the demo's model", () => {
    expect(sniff(readFileSync(path.join(project, 'public/models/digits.onnx')))).toMatchObject({ encoding: 'onnx' });
  });
});

describe.skipIf(!hasFixtures)(`sniff of real models (needs ${path.relative(project, fixtures)})`, () => {
  const encodings = { '.onnx': 'onnx', '.tflite': 'tensorflowlite', '.xml': 'openvino' };
  const models = hasFixtures ? readdirSync(path.join(fixtures, 'models')) : [];

  it.each(Object.entries(encodings))('recognises every %s file as %s', (extension, encoding) => {
    const found = models
      .filter((name) => name.endsWith(extension))
      .map((name) => [name, sniff(readFileSync(path.join(fixtures, 'models', name)))] as const);
    expect(found).not.toHaveLength(0);
    for (const [name, format] of found) expect({ name, ...format }).toMatchObject({ name, kind: 'model', encoding });
  });

  it('recognises every single-operator model', () => {
    const folder = path.join(fixtures, 'onnx-backend');
    const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(cases).not.toHaveLength(0);
    const wrong = cases
      .map(({ name }) => [name, sniff(readFileSync(path.join(folder, name, 'model.onnx')))] as const)
      .filter(([, format]) => format.kind !== 'model' || format.encoding !== 'onnx');
    expect(wrong).toEqual([]);
  });
});
