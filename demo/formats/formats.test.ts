import { expect, it } from 'vitest';
import { formatOf, formats, modelOf } from './formats.js';

it.each([
  ['Kitten.ONNX', 'onnx'],
  ['kitten.xml', 'openvino'],
  ['kitten.bin', 'openvino'],
  ['kitten.pt2', 'pytorch'],
  ['saved_model.pb', 'tensorflow'],
  ['variables.data-00000-of-00001', 'tensorflow'],
  ['kitten.tflite', 'tensorflowlite'],
  ['kitten.png', undefined],
])('knows the format of %s', (name, encoding) => {
  expect(formatOf(name)?.encoding).toBe(encoding);
});

it('puts the files of a model in their order, and refuses other files', () => {
  const [, openvino] = formats;
  if (!openvino) throw new Error('there is no such format');
  const [xml, bin, text] = ['a.xml', 'a.bin', 'a.txt'].map((name) => new File([], name));
  if (!xml || !bin || !text) throw new Error('there are no such files');
  expect(modelOf(openvino, [bin, xml])).toEqual({ parts: [{ data: xml }, { data: bin }], encoding: 'openvino' });
  expect(() => modelOf(openvino, [text])).toThrow('Expected an .xml file and its .bin file, but "a.txt" came.');
});
