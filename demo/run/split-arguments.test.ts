import { expect, it } from 'vitest';
import { splitArguments } from './split-arguments.js';

it.each([
  ['', []],
  ['  --model  m.onnx ', ['--model', 'm.onnx']],
  [`--prompt 'Once upon' "a time"`, ['--prompt', 'Once upon', 'a time']],
  [`--json '{"a": "b\\n"}'`, ['--json', '{"a": "b\\n"}']],
  ['a\\ b ""', ['a b', '']],
  ['"a \\"b\\""', ['a "b"']],
  ['--open "to the end', ['--open', 'to the end']],
])('splits %s', (line, words) => {
  expect(splitArguments(line)).toEqual(words);
});
